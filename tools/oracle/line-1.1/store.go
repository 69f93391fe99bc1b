package main

import (
	"context"
	"errors"
	"io"

	"github.com/PlakarKorp/kloset/connectors/storage"
	"github.com/PlakarKorp/kloset/location"
	"github.com/PlakarKorp/kloset/objects"

	"oracle/tree"
)

// store is a folder as the library wants to see it.
type store struct{ folder tree.Folder }

var kinds = map[storage.StorageResource]string{
	storage.StorageResourcePackfile: tree.Packfiles,
	storage.StorageResourceState:    tree.States,
	storage.StorageResourceLock:     tree.Locks,
}

func (s *store) Create(_ context.Context, config []byte) error { return s.folder.Create(config) }
func (s *store) Open(context.Context) ([]byte, error)          { return s.folder.Config() }
func (s *store) Ping(context.Context) error                    { return nil }
func (s *store) Origin() string                                { return "oracle" }
func (s *store) Type() string                                  { return "oracle" }
func (s *store) Root() string                                  { return "/" }
func (s *store) Flags() location.Flags                         { return 0 }
func (s *store) Mode(context.Context) (storage.Mode, error) {
	return storage.ModeRead | storage.ModeWrite, nil
}
func (s *store) Size(context.Context) (int64, error) { return 0, nil }
func (s *store) Close(context.Context) error         { return nil }

func (s *store) List(_ context.Context, resource storage.StorageResource) ([]objects.MAC, error) {
	kind, ok := kinds[resource]
	if !ok {
		return nil, errors.ErrUnsupported
	}
	ids, err := s.folder.List(kind)
	macs := make([]objects.MAC, 0, len(ids))
	for _, id := range ids {
		macs = append(macs, objects.MAC(id))
	}
	return macs, err
}

func (s *store) Put(_ context.Context, resource storage.StorageResource, mac objects.MAC, rd io.Reader) (int64, error) {
	return s.folder.Put(kinds[resource], mac, rd)
}

func (s *store) Get(_ context.Context, resource storage.StorageResource, mac objects.MAC, part *storage.Range) (io.ReadCloser, error) {
	if part == nil {
		return s.folder.Get(kinds[resource], mac, 0, 0)
	}
	return s.folder.Get(kinds[resource], mac, int64(part.Offset), int64(part.Length))
}

func (s *store) Delete(_ context.Context, resource storage.StorageResource, mac objects.MAC) error {
	return s.folder.Delete(kinds[resource], mac)
}
