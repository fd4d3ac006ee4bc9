// Command referrers-registry serves an OCI registry with the referrers API of distribution-spec 1.1,
// kept in memory, for the integration tests.
//
// Its first line on standard output is the address it listens on. It ends when its standard input is
// closed, so that it never outlives the test that started it.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"

	"github.com/google/go-containerregistry/pkg/registry"
)

func main() {
	address := flag.String("address", "127.0.0.1:0", "where to listen; port 0 is any free port")
	referrers := flag.Bool("referrers", true, "serve the referrers API; false answers 404, as older registries do")
	flag.Parse()

	socket, err := net.Listen("tcp", *address)
	if err != nil {
		log.Fatalf("referrers-registry: listen on %s: %v", *address, err)
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	fmt.Println(socket.Addr())

	quiet := registry.Logger(log.New(io.Discard, "", 0))
	log.Fatal(http.Serve(socket, registry.New(quiet, registry.WithReferrersSupport(*referrers))))
}
