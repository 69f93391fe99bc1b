package tree

import (
	"fmt"
	"os"
	"path/filepath"
)

// Passphrase of every encrypted oracle store.
const Passphrase = "oracle passphrase ü"

// Plan is one store: how it is made, and the trees that are backed up into it in order.
type Plan struct {
	Name        string
	Hashing     string
	Compression string // "" for none
	KDF         string // "" for a plain store
	SubKey      string
	Signed      bool
	MaxPackfile uint64
	Trees       []Options
	// Remove is the number of snapshots removed at the end, the oldest first.
	Remove int
}

// Plans are the stores of one line.
func Plans() []Plan {
	small := Options{Seed: 1, Crowd: 10, Depth: 3, LargeBytes: 30_000}
	later := small
	later.Later = true
	wide := Options{Seed: 2, Crowd: 330, Depth: 40, LargeBytes: 20_000}
	pair := []Options{small, later}
	return []Plan{
		{Name: "sha256-uncompressed", Hashing: "SHA256", MaxPackfile: 1 << 20, Trees: pair, Remove: 1},
		{Name: "gzip-scrypt-gcm", Hashing: "BLAKE3", Compression: "GZIP", KDF: "SCRYPT", SubKey: "AES256-GCM", MaxPackfile: 1 << 20, Trees: []Options{small}},
		{Name: "sha256-pbkdf2-signed", Hashing: "SHA256", Compression: "LZ4", KDF: "PBKDF2", SubKey: "AES256-KW", Signed: true, MaxPackfile: 1 << 20, Trees: []Options{small}},
		{Name: "wide-deep", Hashing: "BLAKE3", Compression: "LZ4", MaxPackfile: 40_000, Trees: []Options{wide}},
	}
}

// WriteExpected writes what a reader must find beside the stores: `<dir>/expected/<n>.jsonl`.
func WriteExpected(dir string, trees []Options) error {
	if err := os.MkdirAll(filepath.Join(dir, "expected"), 0o755); err != nil {
		return err
	}
	for number, options := range trees {
		out, err := os.Create(filepath.Join(dir, "expected", fmt.Sprintf("%d.jsonl", number+1)))
		if err != nil {
			return err
		}
		if err := Write(out, Make(options)); err != nil {
			return err
		}
		if err := out.Close(); err != nil {
			return err
		}
	}
	return nil
}
