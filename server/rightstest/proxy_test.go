package rightstest

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// front stands before the real engine, at a socket of its own.
type front struct {
	address string // unix://…

	mu     sync.Mutex
	open   map[net.Conn]bool
	writes int // requests that would change something
	alter  func(*http.Request) (status int)
	edit   func(*http.Response) error
	server *http.Server
}

// newFront forwards every request for which alter returns 0, and answers the
// others with that status. edit may change answers.
func newFront(t *testing.T, alter func(*http.Request) int, edit func(*http.Response) error) *front {
	t.Helper()
	folder, err := os.MkdirTemp("", "porthole-front-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	path := filepath.Join(folder, "s")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{os.Chmod(folder, 0o755), os.Chmod(path, 0o666)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	f := &front{address: "unix://" + path, open: map[net.Conn]bool{}, alter: alter, edit: edit}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: "docker"})
		},
		Transport: transport, FlushInterval: -1, ModifyResponse: func(r *http.Response) error { return f.edit(r) },
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	f.server = &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodGet && r.Method != http.MethodHead {
				f.mu.Lock()
				f.writes++
				f.mu.Unlock()
			}
			f.mu.Lock()
			alter := f.alter
			f.mu.Unlock()
			if status := alter(r); status != 0 {
				http.Error(w, http.StatusText(status), status)
				return
			}
			proxy.ServeHTTP(w, r)
		}),
		ConnState: func(c net.Conn, state http.ConnState) {
			f.mu.Lock()
			defer f.mu.Unlock()
			switch state {
			case http.StateNew:
				f.open[c] = true
			case http.StateClosed, http.StateHijacked:
				delete(f.open, c)
			}
		},
	}
	ended := make(chan struct{})
	go func() { defer close(ended); f.server.Serve(listener) }()
	t.Cleanup(func() {
		f.server.Close()
		<-ended
		transport.CloseIdleConnections()
	})
	return f
}

// cut ends every connection, as an engine does that stops.
func (f *front) cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for c := range f.open {
		c.Close()
	}
}

func (f *front) wrote() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.writes
}

func unedited(*http.Response) error { return nil }

// editJSON lets a test change fields of an answer.
func editJSON(r *http.Response, change func(map[string]any)) error {
	data, err := io.ReadAll(r.Body)
	r.Body.Close()
	if err != nil {
		return err
	}
	answer := map[string]any{}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(&answer); err != nil {
		return err
	}
	change(answer)
	if data, err = json.Marshal(answer); err != nil {
		return err
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(data)), int64(len(data))
	r.Header.Del("Content-Length")
	return nil
}

// tlsFront is the real engine behind TLS, which lets nobody in without a
// certificate of its authority. The folder has what DOCKER_CERT_PATH wants.
func tlsFront(t *testing.T) (address, certificates string) {
	t.Helper()
	certificates = t.TempDir()
	authority, authorityKey := certificate(t, "authority", nil, nil)
	serverCert, serverKey := certificate(t, "engine", authority, authorityKey)
	clientCert, clientKey := certificate(t, "student", authority, authorityKey)
	save := func(name, kind string, der []byte) {
		if err := os.WriteFile(filepath.Join(certificates, name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	keyBytes, err := x509.MarshalPKCS8PrivateKey(clientKey)
	if err != nil {
		t.Fatal(err)
	}
	save("ca.pem", "CERTIFICATE", authority.Raw)
	save("cert.pem", "CERTIFICATE", clientCert.Raw)
	save("key.pem", "PRIVATE KEY", keyBytes)
	pool := x509.NewCertPool()
	pool.AddCert(authority)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{serverCert.Raw}, PrivateKey: serverKey}},
		ClientAuth:   tls.RequireAndVerifyClientCert, ClientCAs: pool,
	})
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	t.Cleanup(func() { listener.Close(); running.Wait() })
	running.Go(func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() { pipeTo(connection, "unix", socket) })
		}
	})
	return "tcp://" + listener.Addr().String(), certificates
}

// pipeTo joins a connection with another, byte by byte, until either ends.
func pipeTo(connection net.Conn, network, address string) {
	defer connection.Close()
	other, err := net.Dial(network, address)
	if err != nil {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { io.Copy(other, connection); other.Close() })
	both.Go(func() { io.Copy(connection, other); connection.Close() })
	both.Wait()
}

func certificate(t *testing.T, name string, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if parent == nil {
		template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
		parent, parentKey = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return made, key
}

// lines are those of a text that hold a word.
func linesWith(text, word string) (found []string) {
	for line := range strings.Lines(text) {
		if strings.Contains(line, word) {
			found = append(found, line)
		}
	}
	return found
}
