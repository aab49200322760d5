package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// defaultAddress is where a Docker engine listens unless told otherwise.
const defaultAddress = "unix:///var/run/docker.sock"

// FindAddress tells which engine the docker command would ask, given the
// environment: DOCKER_HOST; else the context that DOCKER_CONTEXT or the
// client's config.json names; else the usual socket, or the user's own where
// only a rootless engine is there, or Podman's where no Docker engine is. It
// reads files and asks nobody.
func FindAddress(getenv func(string) string) (string, error) {
	if host := getenv("DOCKER_HOST"); host != "" {
		return host, nil
	}
	folder := getenv("DOCKER_CONFIG")
	if folder == "" {
		folder = filepath.Join(getenv("HOME"), ".docker")
	}
	name := getenv("DOCKER_CONTEXT")
	if name == "" {
		var config struct {
			CurrentContext string `json:"currentContext"`
		}
		// Without the file, or with one that is not JSON, the docker command
		// too uses the default context.
		if data, err := os.ReadFile(filepath.Join(folder, "config.json")); err == nil {
			_ = json.Unmarshal(data, &config)
		}
		name = config.CurrentContext
	}
	if name != "" && name != "default" {
		return contextAddress(folder, name)
	}
	return socketAddress("/", getenv("XDG_RUNTIME_DIR")), nil
}

// socketAddress is that of the first socket there is, the likeliest first, or
// the usual one where there is none. root is "/" but in tests; runtime is the
// user's own folder for sockets, if any. The docker command knows none of
// Podman's, see podman-system-service(1).
func socketAddress(root, runtime string) string {
	sockets := []string{filepath.Join(root, strings.TrimPrefix(defaultAddress, "unix://"))}
	if runtime != "" {
		sockets = append(sockets, filepath.Join(runtime, "docker.sock"), filepath.Join(runtime, "podman/podman.sock"))
	}
	for _, socket := range append(sockets, filepath.Join(root, "run/podman/podman.sock")) {
		if _, err := os.Stat(socket); err == nil {
			return "unix://" + socket
		}
	}
	return defaultAddress
}

// contextAddress reads the endpoint of a context of the docker command, which
// is kept under the SHA-256 of its name.
func contextAddress(folder, name string) (string, error) {
	sum := sha256.Sum256([]byte(name))
	path := filepath.Join(folder, "contexts", "meta", hex.EncodeToString(sum[:]), "meta.json")
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("the docker context %q cannot be read (%w); choose one of 'docker context ls' with DOCKER_CONTEXT, or set DOCKER_HOST", name, err)
	}
	var meta struct {
		Endpoints map[string]struct{ Host string }
	}
	if err := json.Unmarshal(data, &meta); err != nil {
		return "", fmt.Errorf("the docker context %q is damaged (%s: %w); set DOCKER_HOST instead", name, path, err)
	}
	host := meta.Endpoints["docker"].Host
	if host == "" {
		return "", fmt.Errorf("the docker context %q names no engine (%s); set DOCKER_HOST instead", name, path)
	}
	return host, nil
}
