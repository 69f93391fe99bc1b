package main

import (
	"context"
	"io"

	"github.com/PlakarKorp/kloset/objects"
	"github.com/PlakarKorp/kloset/storage"

	"oracle/tree"
)

// store is a folder as the library wants to see it.
type store struct{ folder tree.Folder }

func (s *store) Create(_ context.Context, config []byte) error { return s.folder.Create(config) }
func (s *store) Open(context.Context) ([]byte, error)          { return s.folder.Config() }
func (s *store) Location(context.Context) (string, error)      { return "oracle:///", nil }
func (s *store) Mode(context.Context) (storage.Mode, error) {
	return storage.ModeRead | storage.ModeWrite, nil
}
func (s *store) Size(context.Context) (int64, error)                 { return 0, nil }
func (s *store) Close(context.Context) error                         { return nil }
func (s *store) GetStates(context.Context) ([]objects.MAC, error)    { return s.list(tree.States) }
func (s *store) GetPackfiles(context.Context) ([]objects.MAC, error) { return s.list(tree.Packfiles) }
func (s *store) GetLocks(context.Context) ([]objects.MAC, error)     { return s.list(tree.Locks) }

func (s *store) list(kind string) ([]objects.MAC, error) {
	ids, err := s.folder.List(kind)
	macs := make([]objects.MAC, 0, len(ids))
	for _, id := range ids {
		macs = append(macs, objects.MAC(id))
	}
	return macs, err
}

func (s *store) PutState(_ context.Context, mac objects.MAC, rd io.Reader) (int64, error) {
	return s.folder.Put(tree.States, mac, rd)
}
func (s *store) GetState(_ context.Context, mac objects.MAC) (io.ReadCloser, error) {
	return s.folder.Get(tree.States, mac, 0, 0)
}
func (s *store) DeleteState(_ context.Context, mac objects.MAC) error {
	return s.folder.Delete(tree.States, mac)
}
func (s *store) PutPackfile(_ context.Context, mac objects.MAC, rd io.Reader) (int64, error) {
	return s.folder.Put(tree.Packfiles, mac, rd)
}
func (s *store) GetPackfile(_ context.Context, mac objects.MAC) (io.ReadCloser, error) {
	return s.folder.Get(tree.Packfiles, mac, 0, 0)
}
func (s *store) GetPackfileBlob(_ context.Context, mac objects.MAC, offset uint64, length uint32) (io.ReadCloser, error) {
	return s.folder.Get(tree.Packfiles, mac, int64(offset), int64(length))
}
func (s *store) DeletePackfile(_ context.Context, mac objects.MAC) error {
	return s.folder.Delete(tree.Packfiles, mac)
}
func (s *store) PutLock(_ context.Context, id objects.MAC, rd io.Reader) (int64, error) {
	return s.folder.Put(tree.Locks, id, rd)
}
func (s *store) GetLock(_ context.Context, id objects.MAC) (io.ReadCloser, error) {
	return s.folder.Get(tree.Locks, id, 0, 0)
}
func (s *store) DeleteLock(_ context.Context, id objects.MAC) error {
	return s.folder.Delete(tree.Locks, id)
}
