package main

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"sync/atomic"
	"time"

	fsexporter "github.com/PlakarKorp/integrations/fs/exporter"
	fsimporter "github.com/PlakarKorp/integrations/fs/importer"
	"github.com/PlakarKorp/kloset/connectors"
	"github.com/PlakarKorp/kloset/connectors/exporter"
	"github.com/PlakarKorp/kloset/connectors/importer"
	"github.com/PlakarKorp/kloset/connectors/storage"
	"github.com/PlakarKorp/kloset/encryption"
	"github.com/PlakarKorp/kloset/kcontext"
	"github.com/PlakarKorp/kloset/objects"
	"github.com/PlakarKorp/kloset/repository"
	"github.com/PlakarKorp/kloset/resources"
	"github.com/PlakarKorp/kloset/snapshot"

	"oracle/command"
)

// line is plakar 1.1 as its library and its fs integration make it.
type line struct{}

func (line) Name() string { return "1.1" }

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
	var ids []objects.MAC
	for id, err := range repo.ListSnapshots() {
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func (line) Packfiles(repo *repository.Repository) ([]objects.MAC, error) { return repo.GetPackfiles() }

func options(ctx *kcontext.KContext) *connectors.Options {
	return &connectors.Options{Hostname: ctx.Hostname, OperatingSystem: ctx.OperatingSystem, Architecture: ctx.Architecture, CWD: ctx.CWD, MaxConcurrency: ctx.MaxConcurrency}
}

func (l line) Backup(repo *repository.Repository, request *command.Request) (objects.MAC, error) {
	ctx := repo.AppContext()
	from, err := fsimporter.NewFSImporter(ctx, options(ctx), "fs", map[string]string{"location": "fs://" + request.Path})
	if err != nil {
		return objects.NilMac, err
	}
	if request.OrderedXattrs {
		from = ordered{from}
	}
	source, err := snapshot.NewSource(ctx, from)
	if err != nil {
		return objects.NilMac, err
	}
	builder, err := snapshot.Create(repo, repository.DefaultType, request.Packfiles, objects.NilMac, &snapshot.BuilderOptions{Name: request.Name, Tags: request.Tags, NoCheckpoint: true})
	if err != nil {
		return objects.NilMac, err
	}
	if !request.NoParent {
		if err := l.useParent(repo, builder, source); err != nil {
			return objects.NilMac, errors.Join(err, builder.Close())
		}
	}
	if err := builder.Backup(source); err != nil {
		return objects.NilMac, errors.Join(err, builder.Close())
	}
	if err := builder.Commit(); err != nil {
		return objects.NilMac, errors.Join(err, builder.Close())
	}
	return builder.Header.Identifier, builder.Close()
}

// useParent gives the newest snapshot of the same root, type and origin, as the program does by default (spec 02, 6.3).
func (l line) useParent(repo *repository.Repository, builder *snapshot.Builder, source *snapshot.Source) error {
	ids, err := l.Snapshots(repo)
	if err != nil {
		return err
	}
	var parent *snapshot.Snapshot
	for _, id := range ids {
		snap, err := snapshot.Load(repo, id)
		if err != nil {
			return err
		}
		from := snap.Header.GetSource(0).Importer
		if from.Directory != source.Root() || from.Type != source.Type() || from.Origin != source.Origin() {
			continue
		}
		if parent == nil || snap.Header.Timestamp.After(parent.Header.Timestamp) {
			parent = snap
		}
	}
	if parent == nil {
		return nil
	}
	fs, err := parent.FilesystemWithCache()
	if err != nil {
		return err
	}
	builder.WithVFSCache(fs)
	return nil
}

// ordered gives each record its own list of attribute names.
type ordered struct{ importer.Importer }

func (o ordered) Import(ctx context.Context, records chan<- *connectors.Record, results <-chan *connectors.Result) error {
	inner := make(chan *connectors.Record)
	failed := make(chan error, 1)
	go func() { failed <- o.Importer.Import(ctx, inner, results) }()
	for record := range inner {
		record.ExtendedAttributes = slices.Clone(record.ExtendedAttributes)
		records <- record
	}
	close(records)
	return <-failed
}

func (line) Check(snap *snapshot.Snapshot, fast bool) error {
	cache, err := snap.AppContext().GetCache().Check()
	if err != nil {
		return err
	}
	defer cache.Close()
	snap.SetCheckCache(cache)
	return snap.Check("/", &snapshot.CheckOptions{FastCheck: fast})
}

// counted counts the failures that the library only tells to its event bus.
type counted struct {
	exporter.Exporter
	failures atomic.Int64
	first    atomic.Value
}

func (c *counted) Export(ctx context.Context, records <-chan *connectors.Record, results chan<- *connectors.Result) error {
	inner := make(chan *connectors.Result)
	done := make(chan struct{})
	go func() {
		for result := range inner {
			if result.Err != nil {
				c.failures.Add(1)
				c.first.CompareAndSwap(nil, fmt.Sprintf("%q: %v", result.Record.Pathname, result.Err))
			}
			results <- result
		}
		close(results)
		close(done)
	}()
	err := c.Exporter.Export(ctx, records, inner)
	<-done
	return err
}

func (line) Export(snap *snapshot.Snapshot, request *command.Request) error {
	ctx := snap.AppContext()
	to, err := fsexporter.NewFSExporter(ctx, options(ctx), "fs", map[string]string{"location": "fs://" + request.To})
	if err != nil {
		return err
	}
	counting := &counted{Exporter: to}
	if err := snap.Export(counting, request.Path, &snapshot.ExportOptions{Strip: path.Dir(request.Path)}); err != nil {
		return err
	}
	if count := counting.failures.Load(); count > 0 {
		return fmt.Errorf("%d paths were not restored, the first: %v", count, counting.first.Load())
	}
	return nil
}

// publish makes one state of what the function writes.
func publish(repo *repository.Repository, write func(*repository.RepositoryWriter) error) error {
	id := objects.RandomMAC()
	cache, err := repo.AppContext().GetCache().Scan(id)
	if err != nil {
		return err
	}
	defer cache.Close()
	writer := repo.NewRepositoryWriter(cache, id, repository.DefaultType, "")
	if err := write(writer); err != nil {
		return err
	}
	writer.PackerManager.Wait()
	return writer.CommitTransaction(id)
}

func (line) Colour(repo *repository.Repository, packfiles []objects.MAC) error {
	return publish(repo, func(writer *repository.RepositoryWriter) error {
		for _, name := range packfiles {
			if err := writer.DeleteStateResource(resources.RT_PACKFILE, name); err != nil {
				return err
			}
		}
		return nil
	})
}

func (line) Coloured(repo *repository.Repository) map[objects.MAC]time.Time {
	coloured := map[objects.MAC]time.Time{}
	for name, when := range repo.ListColouredPackfiles() {
		coloured[name] = when
	}
	return coloured
}

// Sweep publishes nothing when no packfile is removed: 1.1 loses uncolourings in that way (spec 01, 7.4).
func (line) Sweep(repo *repository.Repository, remove []objects.MAC, uncolour []objects.MAC) (int, error) {
	if len(remove) == 0 {
		return 0, nil
	}
	blobs := 0
	return blobs, publish(repo, func(writer *repository.RepositoryWriter) error {
		for _, name := range uncolour {
			if err := writer.UncolourPackfile(name); err != nil {
				return err
			}
		}
		for _, name := range remove {
			if err := errors.Join(writer.RemovePackfile(name), writer.UncolourPackfile(name)); err != nil {
				return err
			}
		}
		for delta, err := range repo.ListOrphanBlobs() {
			if err != nil {
				return err
			}
			blobs++
			if err := writer.RemoveBlob(delta.Type, delta.Blob, delta.Location.Packfile); err != nil {
				return err
			}
		}
		return nil
	})
}
