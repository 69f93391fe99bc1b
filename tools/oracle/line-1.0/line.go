package main

import (
	"context"
	"errors"
	"path"
	"slices"
	"time"

	fsexporter "github.com/PlakarKorp/integration-fs/exporter"
	fsimporter "github.com/PlakarKorp/integration-fs/importer"
	"github.com/PlakarKorp/kloset/encryption"
	"github.com/PlakarKorp/kloset/kcontext"
	"github.com/PlakarKorp/kloset/objects"
	"github.com/PlakarKorp/kloset/repository"
	"github.com/PlakarKorp/kloset/resources"
	"github.com/PlakarKorp/kloset/snapshot"
	"github.com/PlakarKorp/kloset/snapshot/exporter"
	"github.com/PlakarKorp/kloset/snapshot/importer"
	"github.com/PlakarKorp/kloset/storage"

	"oracle/command"
)

// line is plakar 1.0 as its library and its fs integration make it.
type line struct{}

func (line) Name() string { return "1.0" }

func (line) Create(ctx *kcontext.KContext, request *command.Request) error {
	config, _, err := configureFor(request)
	if err != nil {
		return err
	}
	disk, err := openPlace(ctx, request.Store)
	if err != nil {
		return err
	}
	return disk.Create(ctx, config)
}

func (line) Open(ctx *kcontext.KContext, request *command.Request) (*repository.Repository, error) {
	disk, err := openPlace(ctx, request.Store)
	if err != nil {
		return nil, err
	}
	config, err := disk.Open(ctx)
	if err != nil {
		return nil, err
	}
	parsed, err := storage.NewConfigurationFromWrappedBytes(config)
	if err != nil {
		return nil, err
	}
	var key []byte
	if parsed.Encryption != nil {
		if key, err = derive(parsed.Encryption, request.Passphrase); err != nil {
			return nil, err
		}
		if !encryption.VerifyCanary(parsed.Encryption, key) {
			return nil, errors.New("wrong passphrase")
		}
	}
	return repository.New(ctx, key, disk, config)
}

// keys that this process has derived, by salt and passphrase: a batch opens the same stores again and again.
var keys = map[string][]byte{}

func derive(config *encryption.Configuration, passphrase string) ([]byte, error) {
	name := string(config.KDFParams.Salt) + passphrase
	if key, ok := keys[name]; ok {
		return key, nil
	}
	key, err := encryption.DeriveKey(config.KDFParams, []byte(passphrase))
	if err == nil {
		keys[name] = key
	}
	return key, err
}

func (line) Snapshots(repo *repository.Repository) ([]objects.MAC, error) {
	return slices.Collect(repo.ListSnapshots()), nil
}

func (line) Packfiles(repo *repository.Repository) ([]objects.MAC, error) { return repo.GetPackfiles() }

func (line) Backup(repo *repository.Repository, request *command.Request) (objects.MAC, error) {
	ctx := repo.AppContext()
	given := &importer.Options{Hostname: ctx.Hostname, OperatingSystem: ctx.OperatingSystem, Architecture: ctx.Architecture, CWD: ctx.CWD, MaxConcurrency: ctx.MaxConcurrency}
	from, err := fsimporter.NewFSImporter(ctx, given, "fs", map[string]string{"location": "fs://" + request.Path})
	if err != nil {
		return objects.NilMac, err
	}
	if request.OrderedXattrs {
		from = ordered{from}
	}
	builder, err := snapshot.Create(repo, repository.DefaultType, request.Packfiles, objects.NilMac)
	if err != nil {
		return objects.NilMac, err
	}
	wanted := &snapshot.BackupOptions{MaxConcurrency: uint64(ctx.MaxConcurrency), Name: request.Name, Tags: request.Tags, NoCheckpoint: true}
	if err := builder.Backup(from, wanted); err != nil {
		return objects.NilMac, errors.Join(err, builder.Close())
	}
	return builder.Header.Identifier, builder.Close()
}

// ordered gives each record its own list of attribute names.
type ordered struct{ importer.Importer }

func (o ordered) Scan(ctx context.Context) (<-chan *importer.ScanResult, error) {
	inner, err := o.Importer.Scan(ctx)
	if err != nil {
		return nil, err
	}
	records := make(chan *importer.ScanResult)
	go func() {
		defer close(records)
		for result := range inner {
			if result.Record != nil {
				result.Record.ExtendedAttributes = slices.Clone(result.Record.ExtendedAttributes)
			}
			records <- result
		}
	}()
	return records, nil
}

func (line) Check(snap *snapshot.Snapshot, fast bool) error {
	cache, err := snap.AppContext().GetCache().Check()
	if err != nil {
		return err
	}
	defer cache.Close()
	snap.SetCheckCache(cache)
	return snap.Check("/", &snapshot.CheckOptions{FastCheck: fast, MaxConcurrency: uint64(snap.AppContext().MaxConcurrency)})
}

func (line) Export(snap *snapshot.Snapshot, request *command.Request) error {
	ctx := snap.AppContext()
	to, err := fsexporter.NewFSExporter(ctx, &exporter.Options{MaxConcurrency: uint64(ctx.MaxConcurrency)}, "fs", map[string]string{"location": "fs://" + request.To})
	if err != nil {
		return err
	}
	return snap.Restore(to, request.To, request.Path, &snapshot.RestoreOptions{MaxConcurrency: uint64(ctx.MaxConcurrency), Strip: path.Clean(request.Path)})
}

func (line) Colour(repo *repository.Repository, packfiles []objects.MAC) error {
	id := objects.RandomMAC()
	cache, err := repo.AppContext().GetCache().Scan(id)
	if err != nil {
		return err
	}
	defer cache.Close()
	writer := repo.NewRepositoryWriter(cache, id, repository.DefaultType, "")
	for _, name := range packfiles {
		if err := writer.DeleteStateResource(resources.RT_PACKFILE, name); err != nil {
			return err
		}
	}
	writer.PackerManager.Wait()
	return writer.CommitTransaction(id)
}

func (line) Coloured(repo *repository.Repository) map[objects.MAC]time.Time {
	coloured := map[objects.MAC]time.Time{}
	for name, when := range repo.ListDeletedPackfiles() {
		coloured[name] = when
	}
	return coloured
}

// Sweep works on the machine's own aggregate and pushes all of it when a packfile was removed; an uncolouring stays on this machine (spec 01, 7.4).
func (line) Sweep(repo *repository.Repository, remove []objects.MAC, uncolour []objects.MAC) (int, error) {
	for _, name := range uncolour {
		if err := repo.RemoveDeletedPackfile(name); err != nil {
			return 0, err
		}
	}
	for _, name := range remove {
		if err := errors.Join(repo.RemovePackfile(name), repo.RemoveDeletedPackfile(name)); err != nil {
			return 0, err
		}
	}
	blobs := 0
	for delta, err := range repo.ListOrphanBlobs() {
		if err != nil {
			return blobs, err
		}
		blobs++
		if err := repo.RemoveBlob(delta.Type, delta.Blob, delta.Location.Packfile); err != nil {
			return blobs, err
		}
	}
	if len(remove) == 0 {
		return blobs, nil
	}
	return blobs, repo.PutCurrentState()
}
