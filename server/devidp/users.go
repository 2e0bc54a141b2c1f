package devidp

import (
	"net/http"
	"strings"
)

// hugeUser is how many bytes the fault Huge adds to an answer. A client must stop reading before it has read so many.
const hugeUser = 10 << 20

// serveUser answers like Okta's Users API. It accepts any API token.
func (p *Provider) serveUser(w http.ResponseWriter, r *http.Request) {
	who := person(r.PathValue("id"))
	switch {
	case !strings.HasPrefix(r.Header.Get("Authorization"), "SSWS "):
		writeJSON(w, http.StatusUnauthorized, map[string]string{
			"errorCode": "E0000011", "errorSummary": "Invalid token provided"})
		return
	case who == nil:
		writeJSON(w, http.StatusNotFound, map[string]string{"errorCode": "E0000007", "errorSummary": "Not found"})
		return
	}
	user := map[string]any{"id": who.ID, "status": "ACTIVE", "profile": map[string]string{
		"firstName": who.Given, "lastName": who.Family, "displayName": who.Name(), "login": who.Email, "email": who.Email}}
	if len(p.faults.take(Users, WrongID)) > 0 {
		user["id"] = "00unobodyknows0000"
	}
	if len(p.faults.take(Users, Huge)) > 0 {
		user["padding"] = strings.Repeat("x", hugeUser)
	}
	writeJSON(w, http.StatusOK, user)
}
