package main

import (
	"errors"

	fsimporter "github.com/PlakarKorp/integrations/fs/importer"
	"github.com/PlakarKorp/kloset/kcontext"
	"github.com/PlakarKorp/kloset/objects"
	"github.com/PlakarKorp/kloset/repository"
	"github.com/PlakarKorp/kloset/snapshot"

	"oracle/command"
)

// Archive makes a single-file archive with one snapshot of request.Path, as plakar's own program does with its library.
func (line) Archive(ctx *kcontext.KContext, request *command.Request) (id objects.MAC, err error) {
	config, key, err := configureFor(request)
	if err != nil {
		return id, err
	}
	file, err := openPlace(ctx, request.Store)
	if err != nil {
		return id, err
	}
	if err := file.Create(ctx, config); err != nil {
		return id, err
	}
	repo, err := repository.New(ctx, key, file, config)
	if err != nil {
		return id, err
	}
	state := objects.RandomMAC()
	cache, err := ctx.GetCache().Scan(state)
	if err != nil {
		return id, err
	}
	defer cache.Close()
	writer := repo.NewRepositoryWriter(cache, state, repository.PtarType, "")
	from, err := fsimporter.NewFSImporter(ctx, options(ctx), "fs", map[string]string{"location": "fs://" + request.Path})
	if err != nil {
		return id, err
	}
	source, err := snapshot.NewSource(ctx, ordered{from})
	if err != nil {
		return id, err
	}
	builder, err := snapshot.CreateWithRepositoryWriter(writer, &snapshot.BuilderOptions{NoCheckpoint: true, NoCommit: true}, objects.NilMac)
	if err != nil {
		return id, err
	}
	if err := builder.Backup(source); err != nil {
		return id, errors.Join(err, builder.Close())
	}
	if _, err := builder.PutSnapshot(); err != nil {
		return id, errors.Join(err, builder.Close())
	}
	if err := builder.Close(); err != nil {
		return id, err
	}
	writer.PackerManager.Wait()
	if err := writer.CommitTransaction(state); err != nil {
		return id, err
	}
	return builder.Header.Identifier, file.Close(ctx)
}
