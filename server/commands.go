package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"time"

	"porthole/server/doctor"
	"porthole/server/licences"
	"porthole/server/wire"
	"porthole/static"
)

// doctorCommand prints what this machine can and cannot show.
func doctorCommand(ctx context.Context, c config, stdout, stderr io.Writer) (int, error) {
	house, err := build(c, stderr, headless{})
	if err != nil {
		return exitUsage, err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute) // a slow engine takes its time to say what it is
	defer cancel()
	defer house.engine.Close()
	if err := house.engine.Connect(ctx); err != nil {
		house.log.Debug("the engine does not answer", "error", err)
	}
	report := house.examine(ctx)
	if c.json {
		encoder := json.NewEncoder(stdout)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(report)
	} else {
		err = doctor.Print(stdout, report)
	}
	if err != nil {
		return exitFails, err
	}
	switch {
	case report.Host.Engine.State != wire.EngineUp:
		return exitNoEngine, nil
	case doctor.Worst(report) == wire.CheckMissing:
		return exitFails, nil
	}
	return exitOK, nil
}

// clean removes everything that Porthole ever made on this engine.
func clean(ctx context.Context, c config, stdout, stderr io.Writer) (int, error) {
	house, err := build(c, stderr, headless{})
	if err != nil {
		return exitUsage, err
	}
	defer house.engine.Close()
	if err := house.engine.Connect(ctx); err != nil {
		return exitNoEngine, err
	}
	report, err := house.engine.Clean(ctx)
	if err != nil {
		return exitFails, err
	}
	fmt.Fprintf(stdout, "removed %d containers, %d volumes, %d networks and %d images\n",
		len(report.Containers), len(report.Volumes), len(report.Networks), len(report.Images))
	return exitOK, nil
}

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
