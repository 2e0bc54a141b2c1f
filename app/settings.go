package app

import (
	"encoding/json"
	"slices"

	"mayfly/app/browser"
	"mayfly/app/list"
	"mayfly/app/words"
)

// A setting is one thing about the page that the user can choose.
type setting int

const (
	theme setting = iota
	textSize
	timeLeft // how a message shows the time that it has left
	enterKey
	typingSigns
	pageLanguage
	notifying // notifications

	settingCount
)

// The values that the Go code compares a setting with. The values of theme and textSize are not here, because only the style
// sheets and web/settings.js use them. browser.EnterBreaks is one more, which web/early.js knows, too.
const (
	showNumbers = "numbers"
	showNothing = "off"
	enterSends  = "send"
	noTyping    = "off"
	notifyOn    = "on"
	notifyText  = "text" // notifications are on, and have the text of the message
)

// settings has the chosen value of each setting. The value is "" if the user has chosen nothing: then the page does what the
// browser or the device suggests, or what suits most users.
type settings [settingCount]string

// breaks reports whether Enter begins a new line in the composer, and does not send. If the user has not chosen, Enter
// begins a line only with a keyboard on the screen (touch), which has no Shift+Enter.
func (s *settings) breaks(touch bool) bool {
	if chosen := s[enterKey]; chosen != "" {
		return chosen == browser.EnterBreaks
	}
	return touch
}

// offered has, for each setting, its name in the stored record and the values that the user can choose.
var offered = [settingCount]struct {
	name   string
	values []string
}{
	theme:        {"theme", []string{"light", "dark"}},
	textSize:     {"text", []string{"small", "large", "largest"}},
	timeLeft:     {"left", []string{showNumbers, showNothing}},
	enterKey:     {"enter", []string{enterSends, browser.EnterBreaks}},
	typingSigns:  {"typing", []string{noTyping}},
	pageLanguage: {"language", tags()},
	notifying:    {"notifications", []string{notifyOn, notifyText}},
}

// tags returns the tags of the languages that the page has.
func tags() (all []string) {
	for _, l := range words.Languages() {
		all = append(all, l.Tag)
	}
	return all
}

// known returns value if the user can choose this value for the setting s, otherwise "".
func (s setting) known(value string) string {
	if slices.Contains(offered[s].values, value) {
		return value
	}
	return ""
}

// settingNamed returns the setting whose name in the stored record is name. ok is false if there is no such setting.
func settingNamed(name string) (s setting, ok bool) {
	for s := range settingCount {
		if offered[s].name == name {
			return s, true
		}
	}
	return 0, false
}

// The device stores all settings in one record, a JSON object with a field for each setting that the user has chosen. Pages
// of older and newer versions of Mayfly share this record. So each page reads only the fields and values that it knows, and
// does not change the other fields when it writes. A programmer must never change the meaning of a field. Use a field with a
// new name instead, and increase recordVersion, so that a newer page knows how to read what an older page has written.
const (
	recordVersion = 1
	versionName   = "version"
)

// settingsOf returns the settings in a stored record. A setting is "" if its field is missing, is not a string, or has a
// value that this version of Mayfly does not know.
func settingsOf(record string) (all settings) {
	fields := fieldsOf(record)
	for s := range settingCount {
		var value string
		if json.Unmarshal(fields[offered[s].name], &value) == nil {
			all[s] = s.known(value)
		}
	}
	return all
}

// changed returns the stored record with a new value for the setting s. If value is "", changed removes the field of s.
func changed(record string, s setting, value string) string {
	fields := fieldsOf(record)
	var version int
	if json.Unmarshal(fields[versionName], &version) != nil || version < recordVersion {
		fields[versionName] = marshal(recordVersion)
	}
	delete(fields, offered[s].name)
	if value != "" {
		fields[offered[s].name] = marshal(value)
	}
	return string(marshal(fields))
}

// fieldsOf returns the fields of a stored record. If the record is no JSON object, fieldsOf returns an empty map.
func fieldsOf(record string) map[string]json.RawMessage {
	var fields map[string]json.RawMessage
	if json.Unmarshal([]byte(record), &fields) != nil || fields == nil {
		return map[string]json.RawMessage{}
	}
	return fields
}

// marshal returns v as JSON. Call it only with values for which json.Marshal can't fail.
func marshal(v any) json.RawMessage {
	b, _ := json.Marshal(v)
	return b
}

// storedSettings returns the settings that the device has stored. It returns an error if the browser denies storage.
func storedSettings() (settings, error) {
	record, err := browser.DeviceStorage().Load(browser.SettingsKey)
	return settingsOf(record), err
}

// storeSetting stores value for the setting s. It leaves the other stored settings as they are, because another tab may have
// changed them meanwhile.
func storeSetting(s setting, value string) error {
	device := browser.DeviceStorage()
	record, err := device.Load(browser.SettingsKey)
	if err != nil {
		return err
	}
	return device.Save(browser.SettingsKey, changed(record, s, value))
}

// leftAs returns how the list shows the time that a message has left, for a value of the setting timeLeft.
func leftAs(chosen string) list.Left {
	switch chosen {
	case showNumbers:
		return list.Numbers
	case showNothing:
		return list.Nothing
	default:
		return list.Ring
	}
}
