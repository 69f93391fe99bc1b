package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path"

	"github.com/PlakarKorp/kloset/connectors"
	"github.com/PlakarKorp/kloset/location"
	"github.com/PlakarKorp/kloset/objects"

	"oracle/tree"
)

// source hands the nodes of a tree to the library, as its importers of real disks do.
type source struct{ nodes []*tree.Node }

func (s *source) Origin() string              { return "oracle-host" }
func (s *source) Type() string                { return "fs" }
func (s *source) Root() string                { return "/" }
func (s *source) Flags() location.Flags       { return 0 }
func (s *source) Ping(context.Context) error  { return nil }
func (s *source) Close(context.Context) error { return nil }

func (s *source) Import(_ context.Context, records chan<- *connectors.Record, _ <-chan *connectors.Result) error {
	defer close(records)
	for _, node := range s.nodes {
		if node.Failure != "" {
			records <- connectors.NewError(node.Path, errors.New(node.Failure))
			continue
		}
		records <- connectors.NewRecord(node.Path, node.Target, fileInfo(node), node.XattrNames(), reader(node.Content))
		for _, name := range node.XattrNames() {
			records <- connectors.NewXattr(node.Path, name, objects.AttributeExtended, reader(node.Xattrs[name]))
		}
	}
	return nil
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
