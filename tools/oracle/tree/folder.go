package tree

import (
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
)

// Folder is a store in a folder: the layout of a local plakar store.
type Folder struct{ Root string }

// Kinds of items.
const (
	Packfiles = "packfiles"
	States    = "states"
	Locks     = "locks"
)

func (folder Folder) path(kind string, id [32]byte) string {
	name := hex.EncodeToString(id[:])
	if kind == Locks {
		return filepath.Join(folder.Root, kind, name)
	}
	return filepath.Join(folder.Root, kind, name[:2], name)
}

// Create writes CONFIG and the empty folders.
func (folder Folder) Create(config []byte) error {
	for _, kind := range []string{Packfiles, States, Locks} {
		if err := os.MkdirAll(filepath.Join(folder.Root, kind), 0o700); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(folder.Root, "CONFIG"), config, 0o600)
}

// Config gives the bytes of CONFIG.
func (folder Folder) Config() ([]byte, error) {
	return os.ReadFile(filepath.Join(folder.Root, "CONFIG"))
}

// List gives the ids of a kind.
func (folder Folder) List(kind string) ([][32]byte, error) {
	var ids [][32]byte
	err := filepath.WalkDir(filepath.Join(folder.Root, kind), func(_ string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		var id [32]byte
		if _, err := hex.Decode(id[:], []byte(entry.Name())); err != nil {
			return err
		}
		ids = append(ids, id)
		return nil
	})
	return ids, err
}

// Put writes an item.
func (folder Folder) Put(kind string, id [32]byte, rd io.Reader) (int64, error) {
	bytes, err := io.ReadAll(rd)
	if err != nil {
		return 0, err
	}
	name := folder.path(kind, id)
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return 0, err
	}
	return int64(len(bytes)), os.WriteFile(name, bytes, 0o600)
}

// Get reads an item, or, with a length above 0, a part of it.
func (folder Folder) Get(kind string, id [32]byte, offset int64, length int64) (io.ReadCloser, error) {
	file, err := os.Open(folder.path(kind, id))
	if err != nil || length == 0 {
		return file, err
	}
	return struct {
		io.Reader
		io.Closer
	}{io.NewSectionReader(file, offset, length), file}, nil
}

// Delete removes an item.
func (folder Folder) Delete(kind string, id [32]byte) error { return os.Remove(folder.path(kind, id)) }
