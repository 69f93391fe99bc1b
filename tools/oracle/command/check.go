package command

import (
	"bufio"
	"errors"
	"fmt"

	"github.com/PlakarKorp/kloset/objects"
	"github.com/PlakarKorp/kloset/repository"
	"github.com/PlakarKorp/kloset/resources"
	"github.com/PlakarKorp/kloset/snapshot"
)

// check runs three checks on each snapshot: the library's own, its list of packfiles (what maintenance and sync go through),
// and a walk that verifies the MAC of every blob and that indexes, packs and tree agree.
func check(line Line, repo *repository.Repository, out *bufio.Writer, request *Request) error {
	ids, err := choose(line, repo, request)
	if err != nil {
		return err
	}
	if request.Library {
		return libraryCheck(line, repo, ids, request.Fast)
	}
	if request.Fast {
		return errors.New("-fast goes with -library: the walk reads everything")
	}
	names, err := line.Packfiles(repo)
	if err != nil {
		return err
	}
	there := make(map[objects.MAC]bool, len(names))
	for _, name := range names {
		there[name] = true
	}
	if IsArchive(request.Store) {
		// The one packfile answers to any name.
		there = nil
	}
	in := newInspector(repo)
	bad := 0
	for _, id := range ids {
		in.problems = nil
		in.checkOne(line, id, there)
		if len(in.problems) > 0 {
			bad++
		}
		if err := emit(out, map[string]any{"snapshot": hexMAC(id), "whole": len(in.problems) == 0, "problems": first(in.problems, 20)}); err != nil {
			return err
		}
	}
	if bad > 0 {
		return fmt.Errorf("%w: %d of %d snapshots", errDamaged, bad, len(ids))
	}
	return nil
}

// libraryCheck is what plakar's program does for `check`, and nothing more.
func libraryCheck(line Line, repo *repository.Repository, ids []objects.MAC, fast bool) error {
	for _, id := range ids {
		snap, err := snapshot.Load(repo, id)
		if err != nil {
			return err
		}
		err = line.Check(snap, fast)
		snap.Close()
		if err != nil {
			return fmt.Errorf("%w: %x: %w", errDamaged, id, err)
		}
	}
	return nil
}

func first(problems []string, most int) []string {
	if len(problems) > most {
		return append(problems[:most:most], fmt.Sprintf("and %d more", len(problems)-most))
	}
	if problems == nil {
		return []string{}
	}
	return problems
}

func (in *inspector) checkOne(line Line, id objects.MAC, there map[objects.MAC]bool) {
	snap, err := snapshot.Load(in.repo, id)
	if err != nil {
		in.problem("%v", err)
		return
	}
	defer snap.Close()
	in.snap = snap
	if len(snap.Header.Sources) != 1 {
		in.problem("%d sources", len(snap.Header.Sources))
		return
	}
	if snap.Header.Identifier != id {
		in.problem("the header is that of %x", snap.Header.Identifier)
	}
	if err := line.Check(snap, false); err != nil {
		in.problem("the library's check: %v", err)
	}
	in.packfiles(there)
	fs, err := snap.Filesystem()
	if err != nil {
		in.problem("%v", err)
		return
	}
	source := snap.Header.GetSource(0)
	in.present(resources.RT_VFS_BTREE, source.VFS.Root, "root of paths")
	in.present(resources.RT_XATTR_BTREE, source.VFS.Xattrs, "root of attributes")
	in.present(resources.RT_ERROR_BTREE, source.VFS.Errors, "root of errors")
	directories := map[string]bool{}
	promised := map[string]bool{}
	known := in.entries(fs, func(one found) {
		if one.entry.IsDir() {
			directories[one.entry.Path()] = true
		}
		for _, name := range one.entry.ExtendedAttributes {
			promised[one.entry.Path()+"\x00"+name] = true
		}
	})
	in.attributes(fs, func(one attribute) {
		key := one.path + "\x00" + one.name
		if !promised[key] {
			in.problem("%q: its entry does not name the attribute %q", one.path, one.name)
		}
		delete(promised, key)
	})
	if len(promised) > 0 {
		in.problem("%d attributes have no value", len(promised))
	}
	in.errors(fs, func(string, string) {})
	in.indexes(known, directories)
	in.walk(fs, known)
}

// packfiles asks for what maintenance asks for; its first error ends it, as the library would go on with a nil entry.
func (in *inspector) packfiles(there map[objects.MAC]bool) {
	list, err := in.snap.ListPackfiles()
	if err != nil {
		in.problem("list of packfiles: %v", err)
		return
	}
	for name, err := range list {
		if err != nil {
			in.problem("list of packfiles: %v", err)
			return
		}
		if there != nil && !there[name] {
			in.problem("packfile %x is not in the store", name)
			return
		}
	}
}
