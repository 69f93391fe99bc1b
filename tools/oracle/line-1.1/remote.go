package main

import (
	"context"

	fsstorage "github.com/PlakarKorp/integrations/fs/storage"
	httpstorage "github.com/PlakarKorp/integrations/http/storage"
	ptarstorage "github.com/PlakarKorp/integrations/ptar/storage"
	"github.com/PlakarKorp/kloset/connectors/storage"
	"github.com/PlakarKorp/kloset/repository"
	"github.com/PlakarKorp/plakar/server/httpd"

	"oracle/command"
)

// openPlace gives a folder, an archive, or a store server, each by plakar's own connector.
func openPlace(ctx context.Context, location string) (storage.Store, error) {
	switch {
	case command.IsRemote(location):
		return httpstorage.NewStore(ctx, "http", map[string]string{"location": location})
	case command.IsArchive(location):
		return ptarstorage.NewStore(ctx, "ptar", map[string]string{"location": "ptar://" + location})
	default:
		return fsstorage.NewStore(ctx, "fs", map[string]string{"location": "fs://" + location})
	}
}

// Serve is plakar's own store server.
func (line) Serve(repo *repository.Repository, request *command.Request) error {
	return httpd.Server(repo.AppContext(), repo, request.Listen, !request.AllowDelete, "", "")
}
