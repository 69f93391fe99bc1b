package command

import (
	"bufio"
	"errors"
	"fmt"

	"github.com/PlakarKorp/kloset/objects"
	"github.com/PlakarKorp/kloset/repository"
	"github.com/PlakarKorp/kloset/snapshot"
	"github.com/PlakarKorp/kloset/snapshot/vfs"
)

// walk prints every entry of a snapshot, as plakar's recursive ls does.
func walk(line Line, repo *repository.Repository, out *bufio.Writer, request *Request) error {
	ids, err := choose(line, repo, request)
	if err != nil {
		return err
	}
	if len(ids) == 0 {
		return errors.New("no snapshot")
	}
	return eachEntry(repo, ids[0], func(name string, entry *vfs.Entry) error {
		info := entry.FileInfo
		_, err := fmt.Fprintf(out, "%s %s %8s %8s %8d %s\n", info.ModTime().UTC().Format("2006-01-02T15:04:05Z"), info.Mode(), info.Username(), info.Groupname(), info.Size(), name)
		return err
	})
}

type compared struct {
	object objects.MAC
	info   objects.FileInfo
}

// diff prints what differs between the two newest snapshots. Contents are told apart by their objects and not read, unlike in plakar's program.
func diff(line Line, repo *repository.Repository, out *bufio.Writer, request *Request) error {
	ids, err := choose(line, repo, request)
	if err != nil {
		return err
	}
	if len(ids) < 2 {
		return errors.New("two snapshots are needed")
	}
	before := map[string]compared{}
	err = eachEntry(repo, ids[1], func(name string, entry *vfs.Entry) error {
		before[name] = compared{entry.Object, entry.FileInfo}
		return nil
	})
	if err != nil {
		return err
	}
	err = eachEntry(repo, ids[0], func(name string, entry *vfs.Entry) error {
		old, ok := before[name]
		delete(before, name)
		if ok && old.object == entry.Object && old.info.Mode() == entry.FileInfo.Mode() && old.info.ModTime().Equal(entry.FileInfo.ModTime()) {
			return nil
		}
		_, err := fmt.Fprintf(out, "+ %s\n", name)
		return err
	})
	if err != nil {
		return err
	}
	for name := range before {
		if _, err := fmt.Fprintf(out, "- %s\n", name); err != nil {
			return err
		}
	}
	return nil
}

func eachEntry(repo *repository.Repository, id objects.MAC, each func(name string, entry *vfs.Entry) error) error {
	snap, err := snapshot.Load(repo, id)
	if err != nil {
		return err
	}
	defer snap.Close()
	filesystem, err := snap.Filesystem()
	if err != nil {
		return err
	}
	return filesystem.WalkDir("/", func(name string, entry *vfs.Entry, err error) error {
		if err != nil {
			return fmt.Errorf("%q: %w", name, err)
		}
		return each(name, entry)
	})
}
