package command

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"sort"
	"time"

	"github.com/PlakarKorp/kloset/objects"
	"github.com/PlakarKorp/kloset/repository"
	"github.com/PlakarKorp/kloset/snapshot"
)

type digestAttribute struct {
	Name   []byte `json:"name"`
	Size   int64  `json:"size"`
	Sha256 string `json:"sha256"`
	Entry  string `json:"entry"`
	Object string `json:"object"`
}

// digestEntry is one path; paths, names and targets are base64 of their bytes.
type digestEntry struct {
	Path        []byte            `json:"path"`
	Type        string            `json:"type"`
	Mode        uint32            `json:"mode"`
	GoMode      uint32            `json:"goMode"`
	UID         string            `json:"uid"`
	GID         string            `json:"gid"`
	Dev         string            `json:"dev"`
	Ino         string            `json:"ino"`
	Nlink       uint16            `json:"nlink"`
	MtimeNs     string            `json:"mtimeNs"`
	Size        int64             `json:"size"`
	Target      []byte            `json:"target,omitempty"`
	Sha256      string            `json:"sha256,omitempty"`
	ContentType string            `json:"contentType,omitempty"`
	Entry       string            `json:"entry"`
	Object      string            `json:"object,omitempty"`
	Names       [][]byte          `json:"xattrNames,omitempty"`
	Xattrs      []digestAttribute `json:"xattrs,omitempty"`
}

// digest writes {"snapshot":…,"roots":…}, then each entry in the order of the tree, then each recorded error.
func digest(line Line, repo *repository.Repository, out *bufio.Writer, request *Request) error {
	ids, err := choose(line, repo, request)
	if err != nil {
		return err
	}
	if len(ids) == 0 {
		return errors.New("no snapshot")
	}
	snap, err := snapshot.Load(repo, ids[0])
	if err != nil {
		return err
	}
	defer snap.Close()
	source := snap.Header.GetSource(0)
	roots := map[string]string{"vfs": hexMAC(source.VFS.Root), "xattrs": hexMAC(source.VFS.Xattrs), "errors": hexMAC(source.VFS.Errors)}
	for _, index := range source.Indexes {
		roots[index.Name] = hexMAC(index.Value)
	}
	if err := emit(out, map[string]any{"snapshot": hexMAC(ids[0]), "roots": roots, "directory": []byte(source.Importer.Directory)}); err != nil {
		return err
	}
	in := newInspector(repo)
	in.snap = snap
	if err := in.digest(out); err != nil {
		return err
	}
	if len(in.problems) > 0 {
		return fmt.Errorf("%w: %q", errDamaged, first(in.problems, 20))
	}
	return nil
}

func (in *inspector) digest(out *bufio.Writer) error {
	filesystem, err := in.snap.Filesystem()
	if err != nil {
		return err
	}
	attributes := map[string][]digestAttribute{}
	in.attributes(filesystem, func(one attribute) {
		attributes[one.path] = append(attributes[one.path], digestAttribute{
			Name: []byte(one.name), Size: one.body.size, Sha256: one.body.sha256, Entry: hexMAC(one.mac), Object: hexMAC(one.object),
		})
	})
	var failed error
	in.entries(filesystem, func(one found) {
		record := entryRecord(one)
		record.Xattrs = attributes[string(record.Path)]
		sort.Slice(record.Xattrs, func(i, j int) bool { return string(record.Xattrs[i].Name) < string(record.Xattrs[j].Name) })
		failed = errors.Join(failed, emit(out, record))
	})
	in.errors(filesystem, func(name, message string) {
		failed = errors.Join(failed, emit(out, map[string]any{"failed": []byte(name), "message": message}))
	})
	return failed
}

func entryRecord(one found) digestEntry {
	info := one.entry.FileInfo
	record := digestEntry{
		Path: []byte(one.entry.Path()), Type: typeName(info.Mode()), Mode: unixMode(info.Mode()), GoMode: uint32(info.Mode()),
		UID: fmt.Sprint(info.Uid()), GID: fmt.Sprint(info.Gid()), Dev: fmt.Sprint(info.Dev()), Ino: fmt.Sprint(info.Ino()), Nlink: info.Nlink(),
		MtimeNs: nanoseconds(info.ModTime()), Size: info.Size(), Target: []byte(one.entry.SymlinkTarget), Entry: hexMAC(one.mac),
	}
	if one.entry.Object != (objects.MAC{}) {
		record.Object, record.Sha256, record.ContentType = hexMAC(one.entry.Object), one.body.sha256, one.body.kind
	}
	for _, name := range one.entry.ExtendedAttributes {
		record.Names = append(record.Names, []byte(name))
	}
	return record
}

// nanoseconds is exact beyond the year 2262, where they pass 64 bits.
func nanoseconds(when time.Time) string {
	total := new(big.Int).Mul(big.NewInt(when.Unix()), big.NewInt(1_000_000_000))
	return total.Add(total, big.NewInt(int64(when.Nanosecond()))).String()
}

// unixMode is the permission bits with setuid, setgid and sticky where a Unix has them.
func unixMode(mode fs.FileMode) uint32 {
	bits := uint32(mode.Perm())
	for flag, bit := range map[fs.FileMode]uint32{fs.ModeSetuid: 0o4000, fs.ModeSetgid: 0o2000, fs.ModeSticky: 0o1000} {
		if mode&flag != 0 {
			bits |= bit
		}
	}
	return bits
}

func typeName(mode fs.FileMode) string {
	switch {
	case mode.IsRegular():
		return "file"
	case mode.IsDir():
		return "directory"
	case mode&fs.ModeSymlink != 0:
		return "symlink"
	case mode&fs.ModeNamedPipe != 0:
		return "fifo"
	case mode&fs.ModeSocket != 0:
		return "socket"
	case mode&fs.ModeCharDevice != 0:
		return "character device"
	case mode&fs.ModeDevice != 0:
		return "block device"
	default:
		return "other"
	}
}
