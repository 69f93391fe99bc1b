package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path"

	"github.com/PlakarKorp/kloset/objects"
	"github.com/PlakarKorp/kloset/snapshot/importer"

	"oracle/tree"
)

// source hands the nodes of a tree to the library, as its importers of real disks do.
type source struct{ nodes []*tree.Node }

func (s *source) Origin(context.Context) (string, error) { return "oracle-host", nil }
func (s *source) Type(context.Context) (string, error)   { return "fs", nil }
func (s *source) Root(context.Context) (string, error)   { return "/", nil }
func (s *source) Close(context.Context) error            { return nil }

func (s *source) Scan(context.Context) (<-chan *importer.ScanResult, error) {
	records := make(chan *importer.ScanResult)
	go func() {
		defer close(records)
		for _, node := range s.nodes {
			if node.Failure != "" {
				records <- importer.NewScanError(node.Path, errors.New(node.Failure))
				continue
			}
			records <- importer.NewScanRecord(node.Path, node.Target, fileInfo(node), node.XattrNames(), reader(node.Content))
			for _, name := range node.XattrNames() {
				records <- importer.NewScanXattr(node.Path, name, objects.AttributeExtended, reader(node.Xattrs[name]))
			}
		}
	}()
	return records, nil
}

func fileInfo(node *tree.Node) objects.FileInfo {
	return objects.FileInfo{
		Lname: path.Base(node.Path), Lsize: node.Size(), Lmode: node.Mode, LmodTime: node.ModTime, Ldev: node.Dev, Lino: node.Ino,
		Luid: node.UID, Lgid: node.GID, Lnlink: node.Nlink, Lusername: "oracle", Lgroupname: "users",
	}
}

func reader(content []byte) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }
}
