// Package command is what both oracle programs do on a store in a folder, an archive (.ptar) or behind a store server (http://): create, backup, ls, walk, diff, check, digest, restore, rm, maintenance, serve, mime.
package command

import (
	"time"

	"github.com/PlakarKorp/kloset/kcontext"
	"github.com/PlakarKorp/kloset/objects"
	"github.com/PlakarKorp/kloset/repository"
	"github.com/PlakarKorp/kloset/snapshot"
)

// Line is what differs between the two libraries.
type Line interface {
	// Name is "1.0" or "1.1".
	Name() string
	// Create makes a store with the line's own fs storage.
	Create(ctx *kcontext.KContext, request *Request) error
	// Open reads the configuration, checks the passphrase, and merges the states into the machine's cache.
	Open(ctx *kcontext.KContext, request *Request) (*repository.Repository, error)
	// Serve answers store clients of the line at request.Listen, until the process ends.
	Serve(repo *repository.Repository, request *Request) error
	// Snapshots are the ids of all snapshots that this machine sees.
	Snapshots(repo *repository.Repository) ([]objects.MAC, error)
	// Packfiles are the names of all packfiles in the folder.
	Packfiles(repo *repository.Repository) ([]objects.MAC, error)
	// Backup makes a snapshot of request.Path with the line's own fs importer.
	Backup(repo *repository.Repository, request *Request) (objects.MAC, error)
	// Check runs the library's own check over everything; fast: only that all is there.
	Check(snap *snapshot.Snapshot, fast bool) error
	// Export restores request.Path (a path of the snapshot) to request.To with the line's own fs exporter.
	Export(snap *snapshot.Snapshot, request *Request) error
	// Colour marks packfiles as removable, in one new state.
	Colour(repo *repository.Repository, packfiles []objects.MAC) error
	// Coloured are the packfiles so marked, and when.
	Coloured(repo *repository.Repository) map[objects.MAC]time.Time
	// Sweep publishes the removal of packfiles and of the locations in them, and takes back the colour of others, then removes the files.
	Sweep(repo *repository.Repository, remove []objects.MAC, uncolour []objects.MAC) (blobs int, err error)
}

// Archiver is a line whose library can write single-file archives here.
type Archiver interface {
	Archive(ctx *kcontext.KContext, request *Request) (objects.MAC, error)
}

// Request is one command with its options. On the command line each field is an option of that name.
type Request struct {
	Command    string `json:"command"`
	Store      string `json:"store"`
	Cache      string `json:"cache"`
	Passphrase string `json:"passphrase"`
	Hostname   string `json:"hostname"`
	// Concurrency is the number of workers; 0 for one a core.
	Concurrency int `json:"concurrency"`

	// create
	Hashing     string `json:"hashing"`
	Compression string `json:"compression"`
	KDF         string `json:"kdf"`
	SubKey      string `json:"subKey"`
	// KDFMemoryKiB and KDFTime make the derivation cheap; 0 for the library's own values.
	KDFMemoryKiB uint32 `json:"kdfMemoryKiB"`
	KDFTime      uint32 `json:"kdfTime"`
	ChunkMin     uint32 `json:"chunkMin"`
	ChunkNormal  uint32 `json:"chunkNormal"`
	ChunkMax     uint32 `json:"chunkMax"`
	MaxPackfile  uint64 `json:"maxPackfile"`

	// backup
	Path string   `json:"path"`
	Tags []string `json:"tags"`
	Name string   `json:"snapshotName"`
	// NoParent makes 1.1 read every file anew.
	NoParent bool `json:"noParent"`
	// OrderedXattrs hands the library a copy of each list of attribute names, so that its sorting of a list in use loses none (spec 02, 9.4).
	OrderedXattrs bool `json:"orderedXattrs"`
	// Packfiles is a folder for packfiles that are being filled; "" keeps them in memory.
	Packfiles string `json:"packfiles"`

	// check, digest, restore, walk, rm: a full id, or "" for all (check), or the newest.
	Snapshot string `json:"snapshot"`
	// check: Library runs nothing but the library's own check, for benchmarks; Fast, with it, reads no contents.
	Library bool `json:"library"`
	Fast    bool `json:"fast"`
	// restore
	To       string `json:"to"`
	Exporter bool   `json:"exporter"`

	// maintenance: Go duration
	Grace string `json:"grace"`
	// KeepFiles leaves swept packfiles in the folder (1.0's default).
	KeepFiles bool `json:"keepFiles"`

	// serve: host:port
	Listen      string `json:"listen"`
	AllowDelete bool   `json:"allowDelete"`

	// mime: paths here or, each ended by a zero byte, in the file List. plant: List is a file of JSON lines.
	Paths []string `json:"paths"`
	List  string   `json:"list"`
	// Samples are contents themselves.
	Samples [][]byte `json:"samples"`
}
