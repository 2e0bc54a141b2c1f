package main

import (
	"flag"

	"mayfly/web"
)

// defineBrandFlags defines the flags for the chat's own name and look. After the flags are parsed, call the returned
// function finish, which checks them and sets b. Its error has every problem.
func defineBrandFlags(f *flag.FlagSet, b *web.Brand) (finish func() error) {
	name := f.String("name", "", "`NAME` of the chat in the page, as an app and in notifications (default Mayfly)")
	welcome := f.String("welcome", "", "`SENTENCE` that welcomes people on their first visit (default none)")
	folder := f.String("brand", "", "`FOLDER` with the chat's own icons and colours (default none)")
	return func() (err error) {
		*b, err = web.ReadBrand(*name, *welcome, *folder)
		return err
	}
}
