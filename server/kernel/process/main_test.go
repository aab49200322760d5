package process

import (
	"os"
	"testing"

	"porthole/server/kernel/internal/dockertest"
)

func TestMain(m *testing.M) { os.Exit(dockertest.Main(m)) }
