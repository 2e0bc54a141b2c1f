package browser

import "strings"

// Device stores text under keys in IndexedDB, so that a crash loses nothing that was saved, and knows which tabs are
// closed. All tabs share this store. The methods fail if the browser denies IndexedDB, or if the storage is full.
type Device struct {
	tab    string
	former []string
	database
	otherTabs
}

// formerTabs is how many of its former names a tab remembers. One name is not enough: the user may load the page again
// before the page has adopted the records of its last name.
const formerTabs = 8

// Tab returns the name of this tab.
func (d *Device) Tab() string { return d.tab }

// Former returns the names that this tab had before its page was loaded again, oldest first, formerTabs at most. A tab that
// the user has duplicated has the former names of the original, too, and the original's name.
func (d *Device) Former() []string { return d.former }

// rename gives the tab a new name. names stores the tab's names.
func (d *Device) rename(tab string, names *Storage) {
	stored, _ := names.Load(TabsKey) // where the browser denies storage, the tab has no former names
	d.tab, d.former = tab, strings.Fields(stored)
	d.former = d.former[max(0, len(d.former)-formerTabs):]
	_ = names.Save(TabsKey, strings.Join(append(d.former, tab), " "))
}
