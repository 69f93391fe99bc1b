package command

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/PlakarKorp/kloset/objects"
	"github.com/PlakarKorp/kloset/repository"
	"github.com/PlakarKorp/kloset/snapshot"
	"github.com/PlakarKorp/kloset/snapshot/vfs"
	"github.com/pkg/xattr"
	"golang.org/x/sys/unix"
)

// restore writes the content of request.Path (or of the backup root) into request.To: by the line's own exporter, or exactly:
// contents read by the library, everything else (owners, modes, times, links, attributes, special files) set here, so that the defects
// of the exporters (spec 02, 7.5) do not hide what the store holds.
func restore(line Line, repo *repository.Repository, request *Request) error {
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
	if request.Path == "" {
		request.Path = snap.Header.GetSource(0).Importer.Directory
	}
	if err := os.MkdirAll(request.To, 0o700); err != nil {
		return err
	}
	if request.Exporter {
		return line.Export(snap, request)
	}
	filesystem, err := snap.Filesystem()
	if err != nil {
		return err
	}
	to := &restorer{repo: repo, fs: filesystem, from: request.Path, to: request.To, links: map[[2]uint64]string{}, values: map[string]map[string]objects.MAC{}}
	return to.run(newInspector(repo))
}

type restorer struct {
	repo   *repository.Repository
	fs     *vfs.Filesystem
	from   string
	to     string
	links  map[[2]uint64]string
	values map[string]map[string]objects.MAC
	late   []func() error
}

func (r *restorer) run(in *inspector) error {
	in.attributes(r.fs, func(one attribute) {
		if r.values[one.path] == nil {
			r.values[one.path] = map[string]objects.MAC{}
		}
		r.values[one.path][one.name] = one.object
	})
	if len(in.problems) > 0 {
		return fmt.Errorf("%w: %q", errDamaged, first(in.problems, 20))
	}
	err := r.fs.WalkDir(r.from, func(name string, entry *vfs.Entry, err error) error {
		if err != nil {
			return fmt.Errorf("%q: %w", name, err)
		}
		if err := r.one(name, entry); err != nil {
			return fmt.Errorf("%q: %w", name, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	// Directories last, the deepest first: writing in them changes their times.
	for i := len(r.late) - 1; i >= 0; i-- {
		if err := r.late[i](); err != nil {
			return err
		}
	}
	return nil
}

func (r *restorer) one(name string, entry *vfs.Entry) error {
	target := filepath.Join(r.to, strings.TrimPrefix(name, r.from))
	info := entry.FileInfo
	if info.IsDir() {
		if err := os.Mkdir(target, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
		r.late = append(r.late, func() error { return r.attributes(target, name, info) })
		return nil
	}
	key := [2]uint64{info.Dev(), info.Ino()}
	if info.Nlink() > 1 {
		if old, ok := r.links[key]; ok {
			return os.Link(old, target)
		}
		r.links[key] = target
	}
	if err := r.make(target, entry); err != nil {
		return err
	}
	return r.attributes(target, name, info)
}

func (r *restorer) make(target string, entry *vfs.Entry) error {
	mode := entry.FileInfo.Mode()
	switch {
	case mode.IsRegular():
		return r.file(target, entry)
	case mode&os.ModeSymlink != 0:
		return os.Symlink(entry.SymlinkTarget, target)
	case mode&os.ModeNamedPipe != 0:
		return unix.Mkfifo(target, 0o600)
	case mode&os.ModeSocket != 0:
		return unix.Mknod(target, unix.S_IFSOCK|0o600, 0)
	default:
		return fmt.Errorf("a %s cannot be made", typeName(mode))
	}
}

func (r *restorer) file(target string, entry *vfs.Entry) error {
	from, err := entry.Open(r.fs)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err := io.Copy(to, from); err != nil {
		_ = to.Close()
		return err
	}
	return to.Close()
}

// attributes sets owner, attributes, mode and time, in this order: a new owner takes set-id bits and capabilities away.
func (r *restorer) attributes(target string, name string, info objects.FileInfo) error {
	if os.Geteuid() == 0 {
		if err := os.Lchown(target, int(info.Uid()), int(info.Gid())); err != nil {
			return err
		}
	}
	for attribute, object := range r.values[name] {
		value, err := r.value(object)
		if err != nil {
			return err
		}
		if err := xattr.LSet(target, attribute, value); err != nil {
			return err
		}
	}
	if info.Mode()&os.ModeSymlink == 0 {
		if err := unix.Chmod(target, unixMode(info.Mode())); err != nil {
			return err
		}
	}
	when := unix.Timespec{Sec: info.ModTime().Unix(), Nsec: int64(info.ModTime().Nanosecond())}
	return unix.UtimesNanoAt(unix.AT_FDCWD, target, []unix.Timespec{when, when}, unix.AT_SYMLINK_NOFOLLOW)
}

func (r *restorer) value(mac objects.MAC) ([]byte, error) {
	in := newInspector(r.repo)
	data := in.bytesOf(mac)
	if len(in.problems) > 0 {
		return nil, fmt.Errorf("%w: %q", errDamaged, in.problems)
	}
	return data, nil
}
