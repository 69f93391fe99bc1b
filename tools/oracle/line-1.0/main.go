// Command oracle works on stores with the library that plakar 1.0 is built on (`oracle <command> …`), and makes the stores of the fixtures (`oracle <folder>`).
package main

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"os"
	"path/filepath"

	"github.com/PlakarKorp/kloset/caching"
	"github.com/PlakarKorp/kloset/caching/pebble"
	"github.com/PlakarKorp/kloset/encryption/keypair"
	"github.com/PlakarKorp/kloset/kcontext"
	"github.com/PlakarKorp/kloset/logging"
	"github.com/PlakarKorp/kloset/objects"
	"github.com/PlakarKorp/kloset/repository"
	"github.com/PlakarKorp/kloset/snapshot"
	"github.com/google/uuid"

	"oracle/command"
	"oracle/tree"
)

func main() {
	if len(os.Args) != 2 || command.Known(os.Args[1]) {
		command.Main(line{})
	}
	for _, plan := range tree.Plans() {
		if err := run(filepath.Join(os.Args[1], "oracle-v10-"+plan.Name), plan); err != nil {
			fmt.Fprintln(os.Stderr, plan.Name, err)
			os.Exit(1)
		}
	}
}

func run(dir string, plan tree.Plan) error {
	if err := tree.WriteExpected(dir, plan.Trees); err != nil {
		return err
	}
	cacheDir, err := os.MkdirTemp("", "oracle-cache")
	if err != nil {
		return err
	}
	defer os.RemoveAll(cacheDir)
	ctx := newContext(cacheDir, plan)
	defer ctx.Close()
	disk := &store{folder: tree.Folder{Root: filepath.Join(dir, "store")}}
	config, key, err := configure(plan)
	if err != nil {
		return err
	}
	if err := disk.Create(ctx, config); err != nil {
		return err
	}
	repo, err := repository.New(ctx, key, disk, config)
	if err != nil {
		return err
	}
	var made []objects.MAC
	for number, options := range plan.Trees {
		id, err := backup(repo, fmt.Sprintf("tree-%d", number+1), tree.Make(options))
		if err != nil {
			return err
		}
		made = append(made, id)
		if err := repo.RebuildState(); err != nil {
			return err
		}
	}
	for _, id := range made[:plan.Remove] {
		if err := repo.DeleteSnapshot(id); err != nil {
			return err
		}
	}
	return ctx.GetCache().Close()
}

func newContext(cacheDir string, plan tree.Plan) *kcontext.KContext {
	ctx := kcontext.NewKContext()
	ctx.Client = "oracle/1.0"
	ctx.Hostname, ctx.Username, ctx.MachineID, ctx.CommandLine = "oracle-host", "oracle", "00000000-0000-4000-8000-000000000000", "oracle"
	ctx.OperatingSystem, ctx.Architecture = "linux", "amd64"
	ctx.MaxConcurrency = 1
	ctx.SetCache(caching.NewManager(pebble.Constructor(cacheDir)))
	ctx.SetLogger(logging.NewLogger(os.Stdout, os.Stderr))
	if plan.Signed {
		ctx.Identity = uuid.MustParse("11111111-2222-4333-8444-555555555555")
		ctx.Keypair = keypair.FromPrivateKey(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32)))
	}
	return ctx
}

// configure makes the configuration of a fixture.
func configure(plan tree.Plan) (config []byte, key []byte, err error) {
	return configureFor(&command.Request{
		Hashing: plan.Hashing, Compression: plan.Compression, KDF: plan.KDF, SubKey: plan.SubKey, Passphrase: tree.Passphrase,
		MaxPackfile: plan.MaxPackfile, ChunkMin: 512, ChunkNormal: 2048, ChunkMax: 8192,
	})
}

func backup(repo *repository.Repository, name string, nodes []*tree.Node) (objects.MAC, error) {
	builder, err := snapshot.Create(repo, repository.DefaultType, "", objects.NilMac)
	if err != nil {
		return objects.NilMac, err
	}
	ctx := repo.AppContext()
	if ctx.Keypair != nil {
		builder.Header.Identity.Identifier = ctx.Identity
		builder.Header.Identity.PublicKey = ctx.Keypair.PublicKey
	}
	options := &snapshot.BackupOptions{MaxConcurrency: 1, Name: name, Tags: []string{"oracle"}, NoCheckpoint: true}
	if err := builder.Backup(&source{nodes: nodes}, options); err != nil {
		return objects.NilMac, err
	}
	return builder.Header.Identifier, builder.Close()
}
