package main

import (
	"errors"
	"flag"
	"fmt"
	"strings"

	"mayfly/server/stream"
)

// defineNATSFlags defines the flags for separate NATS servers. They set the fields of c. After the flags are parsed, call
// the returned function finish, which checks the flags. Its error has every problem. data is the value of the flag
// -data.
func defineNATSFlags(f *flag.FlagSet, c *stream.Cluster, data *string) (finish func() error) {
	urls := f.String("nats", "", "`URLS` of NATS servers that all nodes share, such as nats://a:4222,nats://b:4222; "+
		"without any NATS runs inside this process (default none)")
	f.StringVar(&c.Credentials, "nats-creds", "", "`FILE` that says as whom to connect to NATS: "+
		"a user's JWT and seed, or only a seed (default none)")
	f.StringVar(&c.CA, "nats-ca", "", "`FILE` with the certificates of those who sign the NATS servers' certificates "+
		"(default those of the system)")
	f.StringVar(&c.Cert, "nats-cert", "", "`FILE` with the certificate that this node shows to NATS (default none)")
	f.StringVar(&c.Key, "nats-key", "", "`FILE` with the key of that certificate (default none)")
	f.StringVar(&c.Name, "nats-name", "mayfly", "`NAME` with which all names in NATS begin, "+
		"so that several Mayflys can use the same NATS servers")
	f.IntVar(&c.Replicas, "nats-replicas", 3, "on how many NATS servers each message is kept: 1, 3 or 5")
	return func() error {
		if *urls == "" {
			return withoutNATS(given(f))
		}
		c.URLs = strings.FieldsFunc(*urls, func(r rune) bool { return r == ',' || r == ' ' })
		var err error
		switch {
		case len(c.URLs) == 0:
			err = errors.New("-nats has no address: want nats://HOST:PORT")
		case *data != "":
			err = errors.New("-data and -nats are both set: want one of them, because with -nats the NATS servers keep " +
				"the messages, in their memory")
		}
		return errors.Join(err, c.Check())
	}
}

// withoutNATS returns every problem with the flags that are set although -nats is not. given holds the names of the flags
// that are set.
func withoutNATS(given map[string]bool) error {
	var errs []error
	for _, name := range []string{"nats-creds", "nats-ca", "nats-cert", "nats-key", "nats-name", "nats-replicas"} {
		if given[name] {
			errs = append(errs, fmt.Errorf("-%s is set, but not -nats: want both, or neither", name))
		}
	}
	return errors.Join(errs...)
}
