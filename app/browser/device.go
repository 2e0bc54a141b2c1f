package browser

import "strings"

// Device stores text under keys in IndexedDB. A crash loses nothing that was saved. All tabs share this store. Device also
// finds out which tabs are closed. Load, Save and Update fail if the browser denies IndexedDB, or if the storage is full.
type Device struct {
	tab    string
	former []string
	Notes
	database
	otherTabs
}

// formerTabs is how many former names a tab remembers. A tab gets a new name each time its page is loaded. Then the page
// adopts the records that are stored under the tab's former name. If the user reloads the page before this adoption, the
// records are still stored under an older name, so the tab must remember more than one.
const formerTabs = 8

// Tab returns the name of this tab.
func (d *Device) Tab() string { return d.tab }

// Former returns the names that this tab had before its page was loaded again, oldest first, formerTabs at most. If the user
// has made this tab by duplicating another tab, Former returns that tab's former names and its name, because the browser
// gives the new tab a copy of the other tab's storage.
func (d *Device) Former() []string { return d.former }

// rename gives the tab the new name tab. names is the storage in which the tab remembers its names.
func (d *Device) rename(tab string, names *Storage) {
	stored, _ := names.Load(TabsKey) // where the browser denies storage, the tab has no former names
	d.tab, d.former = tab, strings.Fields(stored)
	d.former = d.former[max(0, len(d.former)-formerTabs):]
	_ = names.Save(TabsKey, strings.Join(append(d.former, tab), " "))
}
