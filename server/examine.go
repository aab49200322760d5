//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"porthole/server/doctor"
	"porthole/server/wire"
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
