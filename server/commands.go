package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"time"

	"porthole/server/licences"
	"porthole/static"
)

// printLicences prints those of all that is shipped: Go's modules, the browser's
// packages, and the fonts.
func printLicences(_ context.Context, _ config, stdout, _ io.Writer) (int, error) {
	page, err := fs.ReadFile(static.FS, static.Licences)
	if err != nil {
		return exitFails, fmt.Errorf("the licences of the page are not in this program, since its page has not been built: run 'make build' (%w)", err)
	}
	if _, err := fmt.Fprintf(stdout, "%s%s\n", licences.Modules, page); err != nil {
		return exitFails, err
	}
	return exitOK, nil
}

// healthcheck asks a running dashboard whether it is alive: the image has no
// shell and no curl to do it with.
func healthcheck(ctx context.Context, c config, stdout, _ io.Writer) (int, error) {
	host, port, _ := net.SplitHostPort(c.listen) // checked with the flags
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	address := "http://" + net.JoinHostPort(host, port) + c.basePath + "/healthz"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return exitUsage, err
	}
	request.Host = "localhost" // whatever the address, it is our own
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return exitFails, fmt.Errorf("nothing answers at %s: %w", address, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return exitFails, fmt.Errorf("%s answers %s", address, response.Status)
	}
	fmt.Fprintln(stdout, "alive")
	return exitOK, nil
}
