package main

import (
	"context"
	"fmt"
	"time"

	"porthole/server/engine"
)

// linear is how much a container and sample may cost at the largest number, over
// what it costs at the smallest: all that does not grow is shared by more there,
// and what grew faster than their number would show.
const linear = 1.1

// perEngine is how many containers each of several servers has.
const perEngine = 4 * perRun

// measureMany prints what a container and sample cost beside ever more of them,
// idle ones on the real engine.
func measureMany(ctx context.Context, sizes []int, each time.Duration) ([]figure, error) {
	return onEngine(ctx, func(ctx context.Context, another func() (*engine.Docker, error), _ string) ([]figure, error) {
		fmt.Println("containers  µs per container and sample  % of a core")
		var engines plug
		there, first, last := 0, 0.0, 0.0
		for _, size := range sizes {
			for there < size {
				if there%perEngine == 0 {
					docker, err := another()
					if err != nil {
						return nil, err
					}
					engines = append(engines, docker)
				}
				now := min(size-there, perEngine-there%perEngine)
				if err := startIdle(ctx, engines[len(engines)-1], there%perEngine, there%perEngine+now); err != nil {
					return nil, fmt.Errorf("with %d containers the engine could not go on to %d: %w", there, size, err)
				}
				there += now
			}
			if err := pause(ctx, 3*time.Second); err != nil { // the engine's own work on them is done
				return nil, err
			}
			var err error
			if last, err = pricePipeline(ctx, engines, each); err != nil {
				return nil, err
			}
			if first == 0 {
				first = last
			}
			fmt.Printf("%10d  %27.0f  %11.1f\n", size, last, last*float64(size)*10/1e4)
		}
		return []figure{
			{Name: fmt.Sprintf("CPU time per container and sample, whole pipeline, %d containers at 10 Hz", there), Got: last, Unit: "µs"},
			{Name: fmt.Sprintf("the same over that of %d containers", sizes[0]), Got: last / first, Unit: "×", Goal: linear},
		}, nil
	})
}
