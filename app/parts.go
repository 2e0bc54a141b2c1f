package app

import (
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"
)

// A page is the page of a room: its parts, and what happens between them. go-app keeps one page value while the user goes
// from room to room, and calls OnNav for each room. Only the UI goroutine may use the fields. They are unexported, because
// go-app copies exported fields each time it draws.
//
// It is one type because most of its many fields are the parts of the page, one field for each part.
type page struct {
	goapp.Compo
	*model

	roomlist      roomlist
	menu          menu
	account       account
	connection    connection
	notice        notice
	welcome       welcome
	update        update
	install       install
	timeline      timeline
	people        people
	composer      composer
	notifications notifications

	painter   painter
	stops     []func()    // functions that end what OnMount began, such as subscriptions; OnDismount calls them
	timer     *time.Timer // calls refresh when the next second or announcement is due
	collected time.Time   // when the page last asked for a garbage collection
	title     string      // the title that the document has; setTitle changes it
	badge     int         // the number on the icon of the installed app; 0: none
}
