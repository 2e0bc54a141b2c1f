package main

import (
	"context"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"mayfly/app"
	"mayfly/app/browser"
	"mayfly/app/session"
	"mayfly/shared/wire"
)

const (
	client   = "mayfly-web/0.1.0" // what hello says
	guestKey = "mayfly-guest"     // where the tab keeps who an anonymous person is
)

func main() {
	browser.ReplaceDenied()
	guest, kept := guest()
	notice := ""
	if !kept {
		notice = "This browser does not let Mayfly store anything: after a reload you are someone else here."
	}
	s := session.New(session.Config{Dial: dial, Guest: guest, Client: client})
	browser.Watch(browser.Events{Network: s.Network, Seen: s.Wake})
	go func() {
		defer app.Guard()
		s.Run(context.Background())
	}()
	app.Register(s, notice)
	goapp.RunWhenOnBrowser()
}

func dial(ctx context.Context) (session.Conn, error) {
	socket, err := browser.Dial(ctx, browser.SocketURL("/ws"), wire.Subprotocol)
	if err != nil {
		return nil, err // and no *Socket that is nil inside an interface that isn't
	}
	return socket, nil
}

// guest returns the tab's secret. Where storage is denied or full it is not kept, and lives as long as the page.
func guest() (secret string, kept bool) {
	tab := browser.TabStorage()
	if old, err := tab.Load(guestKey); err == nil && wire.ValidSecret(old) {
		return old, true
	}
	secret = session.NewGuest()
	return secret, tab.Save(guestKey, secret) == nil
}
