package main

import (
	"bytes"
	"io"

	"github.com/PlakarKorp/kloset/compression"
	"github.com/PlakarKorp/kloset/encryption"
	"github.com/PlakarKorp/kloset/hashing"
	"github.com/PlakarKorp/kloset/resources"
	"github.com/PlakarKorp/kloset/storage"
	"github.com/PlakarKorp/kloset/versioning"

	"oracle/command"
)

// configureFor makes the wrapped configuration of a new store and, when it is encrypted, its key. What the request leaves open is the library's default.
func configureFor(request *command.Request) (config []byte, key []byte, err error) {
	made := storage.NewConfiguration()
	if request.Hashing != "" {
		made.Hashing.Algorithm = request.Hashing
	}
	if request.MaxPackfile != 0 {
		made.Packfile.MaxSize = request.MaxPackfile
	}
	if request.ChunkMax != 0 {
		made.Chunking.MinSize, made.Chunking.NormalSize, made.Chunking.MaxSize = request.ChunkMin, request.ChunkNormal, request.ChunkMax
	}
	made.Compression = nil
	if request.Compression != "" && request.Compression != "none" {
		if made.Compression, err = compression.LookupDefaultConfiguration(request.Compression); err != nil {
			return nil, nil, err
		}
	}
	made.Encryption = nil
	hasher := hashing.GetHasher("BLAKE3")
	if request.KDF != "" {
		if made.Encryption, key, err = encrypted(request); err != nil {
			return nil, nil, err
		}
		hasher = hashing.GetMACHasher("BLAKE3", key)
	}
	body, err := made.ToBytes()
	if err != nil {
		return nil, nil, err
	}
	wrapped, err := storage.Serialize(hasher, resources.RT_CONFIG, versioning.GetCurrentVersion(resources.RT_CONFIG), bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	config, err = io.ReadAll(wrapped)
	return config, key, err
}

func encrypted(request *command.Request) (*encryption.Configuration, []byte, error) {
	made := encryption.NewDefaultConfiguration()
	kdf, err := encryption.NewDefaultKDFParams(request.KDF)
	if err != nil {
		return nil, nil, err
	}
	if kdf.Argon2idParams != nil && request.KDFMemoryKiB != 0 {
		kdf.Argon2idParams.Memory = request.KDFMemoryKiB
	}
	if kdf.Argon2idParams != nil && request.KDFTime != 0 {
		kdf.Argon2idParams.Time = request.KDFTime
	}
	made.KDFParams = *kdf
	if request.SubKey != "" {
		made.SubKeyAlgorithm = request.SubKey
	}
	key, err := encryption.DeriveKey(made.KDFParams, []byte(request.Passphrase))
	if err != nil {
		return nil, nil, err
	}
	made.Canary, err = encryption.DeriveCanary(made, key)
	return made, key, err
}
