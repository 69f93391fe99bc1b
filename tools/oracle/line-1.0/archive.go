package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"

	"github.com/PlakarKorp/kloset/objects"
	"github.com/PlakarKorp/kloset/storage"
)

var (
	archiveState    = objects.MAC{0x0f, 0x0e, 0x0d, 0x0c, 0x0b, 0x0a, 9, 8, 7, 6, 5, 4, 3, 2, 1}
	archivePackfile = objects.MAC{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f}
)

var errArchive = errors.New("archives are read-only")

// archive is a single-file archive after the format's description (spec 04, 8): the connector of line 1.0 is no module of its own.
type archive struct {
	file  *os.File
	parts [6]int64
}

func openArchive(path string) (*archive, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	opened := &archive{file: file}
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	trailer := io.NewSectionReader(file, info.Size()-48, 48)
	return opened, binary.Read(trailer, binary.LittleEndian, &opened.parts)
}

func (a *archive) part(number int) *io.SectionReader {
	return io.NewSectionReader(a.file, a.parts[2*number], a.parts[2*number+1])
}

func (a *archive) Create(context.Context, []byte) error            { return errArchive }
func (a *archive) Open(context.Context) ([]byte, error)            { return io.ReadAll(a.part(0)) }
func (a *archive) Location(context.Context) (string, error)        { return "ptar://" + a.file.Name(), nil }
func (a *archive) Mode(context.Context) (storage.Mode, error)      { return storage.ModeRead, nil }
func (a *archive) Size(context.Context) (int64, error)             { return 0, nil }
func (a *archive) Close(context.Context) error                     { return a.file.Close() }
func (a *archive) GetLocks(context.Context) ([]objects.MAC, error) { return nil, nil }
func (a *archive) GetStates(context.Context) ([]objects.MAC, error) {
	return []objects.MAC{archiveState}, nil
}
func (a *archive) GetPackfiles(context.Context) ([]objects.MAC, error) {
	return []objects.MAC{archivePackfile}, nil
}

func (a *archive) GetState(_ context.Context, mac objects.MAC) (io.ReadCloser, error) {
	if mac != archiveState {
		return nil, errors.New("no such state")
	}
	return io.NopCloser(a.part(2)), nil
}

func (a *archive) GetPackfile(context.Context, objects.MAC) (io.ReadCloser, error) {
	return io.NopCloser(a.part(1)), nil
}

// GetPackfileBlob reads on behind the packfile, as plakar's does: what lies there makes up for the padding that archives lack.
func (a *archive) GetPackfileBlob(_ context.Context, _ objects.MAC, offset uint64, length uint32) (io.ReadCloser, error) {
	return io.NopCloser(io.NewSectionReader(a.file, a.parts[2]+int64(offset), int64(length))), nil
}

func (a *archive) GetLock(context.Context, objects.MAC) (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(nil)), nil
}
func (a *archive) PutState(context.Context, objects.MAC, io.Reader) (int64, error) {
	return 0, errArchive
}
func (a *archive) PutPackfile(context.Context, objects.MAC, io.Reader) (int64, error) {
	return 0, errArchive
}
func (a *archive) PutLock(context.Context, objects.MAC, io.Reader) (int64, error) {
	return 0, errArchive
}
func (a *archive) DeleteState(context.Context, objects.MAC) error    { return errArchive }
func (a *archive) DeletePackfile(context.Context, objects.MAC) error { return errArchive }
func (a *archive) DeleteLock(context.Context, objects.MAC) error     { return errArchive }
