package words

import "time"

// A ShellKey names a sentence that users read while no client runs. Such sentences are in the page before the client has
// started or if it can't start, in the page for an unknown address, and in the web app's manifest. Package web writes them
// into its files. They are not in the type language, so that the client's binary does not contain them.
type ShellKey int

// The keys of the sentences that users read while no client runs.
const (
	Starting ShellKey = iota // shown until the client has started

	// The page shows these sentences in place of the chat if the client does not start or has stopped. The button Reload is
	// below them.
	NeedsScripts
	NeedsWebAssembly
	NotLoaded
	Stopped
	WrongPlace   // TopOfHost follows this sentence
	FilesMissing // TopOfHost follows this sentence
	TopOfHost
	StillLoading
	Early // the texts that the user has sent before the client runs follow this sentence
	Kept  // if the client does not start: the texts that the user has written follow this sentence

	// These sentences are in the page that the server sends for an unknown address (HTTP 404).
	NoSuchPage
	NoPageTitle
	NothingHere

	// These sentences are in the web app's manifest.
	Description
	WideScreen
	NarrowScreen

	shellKeys // the number of shell keys
)

// shell holds the sentences in each language. The languages have the same order as in the variable all.
var shell = [len(all)][shellKeys]string{
	{
		Starting: "Starting Mayfly…",
		NeedsScripts: "Mayfly needs JavaScript and WebAssembly. Allow JavaScript for this site in the browser's settings, " +
			"then reload.",
		NeedsWebAssembly: "Mayfly needs WebAssembly, which this browser lacks or has turned off. Update the browser, or " +
			"leave its lockdown mode for this site, then reload.",
		NotLoaded: "Mayfly could not be loaded. Check the connection, then reload.",
		Stopped: "Mayfly has stopped. Reload to start it again; if it stops at once, allow this site to store data in the " +
			"browser's settings.",
		WrongPlace:   "Mayfly cannot run at this address.",
		FilesMissing: "Mayfly's files could not be loaded. If a reload does not help, Mayfly is in the wrong place.",
		TopOfHost:    "It must be at the top of a host, such as https://chat.example.com/, not below a path.",
		StillLoading: "Still loading. On a slow connection the first visit takes a while.",
		Early:        "Mayfly is starting, and will then send:",
		Kept:         "This tab keeps what you have written:",
		NoSuchPage:   "No such page",
		NoPageTitle:  "No such page – Mayfly",
		NothingHere:  "There is nothing at this address. A room's address is like /r/team.",
		Description:  "A chat whose messages live for a while and are then gone, everywhere.",
		WideScreen:   "A room, with the time that each message has left",
		NarrowScreen: "The same room on a phone",
	},
	{
		Starting: "Mayfly startet\u00a0…",
		NeedsScripts: "Mayfly braucht JavaScript und WebAssembly. Erlaube JavaScript für diese Website in den " +
			"Einstellungen des Browsers und lade dann neu.",
		NeedsWebAssembly: "Mayfly braucht WebAssembly, das diesem Browser fehlt oder abgeschaltet ist. Aktualisiere den " +
			"Browser oder verlasse für diese Website den Blockierungsmodus, und lade dann neu.",
		NotLoaded: "Mayfly konnte nicht geladen werden. Prüfe die Verbindung und lade dann neu.",
		Stopped: "Mayfly hat angehalten. Lade neu, um es wieder zu starten. Hält es gleich wieder an, dann erlaube dieser " +
			"Website in den Einstellungen des Browsers, Daten zu speichern.",
		WrongPlace:   "Mayfly kann unter dieser Adresse nicht laufen.",
		FilesMissing: "Mayflys Dateien wurden nicht geladen. Hilft Neuladen nicht, ist Mayfly am falschen Ort.",
		TopOfHost:    "Es muss ganz oben auf einem Host sein, wie https://chat.example.com/, nicht unter einem Pfad.",
		StillLoading: "Lädt noch. Mit einer langsamen Verbindung dauert der erste Besuch eine Weile.",
		Early:        "Mayfly startet noch und sendet dann:",
		Kept:         "Dieser Tab behält, was du geschrieben hast:",
		NoSuchPage:   "Diese Seite gibt es nicht",
		NoPageTitle:  "Diese Seite gibt es nicht – Mayfly",
		NothingHere:  "Unter dieser Adresse gibt es nichts. Die Adresse eines Raums sieht so aus: /r/team.",
		Description:  "Ein Chat, dessen Nachrichten eine Zeit lang leben und dann überall weg sind.",
		WideScreen:   "Ein Raum, mit der Zeit, die jeder Nachricht bleibt",
		NarrowScreen: "Derselbe Raum auf einem Telefon",
	},
	{
		Starting: "جارٍ بدء Mayfly…",
		NeedsScripts: "يحتاج Mayfly إلى JavaScript وWebAssembly. اسمح بـ JavaScript لهذا الموقع في إعدادات المتصفح، ثم " +
			"أعد التحميل.",
		NeedsWebAssembly: "يحتاج Mayfly إلى WebAssembly، وهو غير موجود في هذا المتصفح أو معطّل. حدّث المتصفح، أو أوقف نمط " +
			"المنع لهذا الموقع، ثم أعد التحميل.",
		NotLoaded: "تعذّر تحميل Mayfly. تحقق من الاتصال، ثم أعد التحميل.",
		Stopped: "توقف Mayfly. أعد التحميل لتشغيله مجددًا، وإذا توقف فورًا فاسمح لهذا الموقع بتخزين البيانات في إعدادات " +
			"المتصفح.",
		WrongPlace:   "لا يمكن أن يعمل Mayfly في هذا العنوان.",
		FilesMissing: "تعذّر تحميل ملفات Mayfly. إذا لم تفد إعادة التحميل فإن Mayfly في غير مكانه.",
		TopOfHost:    "يجب أن يكون في أعلى المضيف، مثل \u2066https://chat.example.com/\u2069، لا تحت مسار.",
		Early:        "يبدأ Mayfly الآن، ثم يرسل:",
		Kept:         "تحتفظ علامة التبويب هذه بما كتبته:",
		StillLoading: "ما زال التحميل جاريًا. تستغرق الزيارة الأولى بعض الوقت مع الاتصال البطيء.",
		NoSuchPage:   "لا توجد صفحة كهذه",
		NoPageTitle:  "لا توجد صفحة كهذه – Mayfly",
		NothingHere:  "لا شيء في هذا العنوان. يكون عنوان الغرفة مثل \u2066/r/team\u2069.",
		Description:  "دردشة تبقى رسائلها مدة، ثم تختفي من كل مكان.",
		WideScreen:   "غرفة، ومعها الوقت المتبقي لكل رسالة",
		NarrowScreen: "الغرفة نفسها على هاتف",
	},
}

// Shell returns the sentences of keys, joined by spaces, in the language Languages()[n].
func Shell(n int, keys ...ShellKey) string {
	said := ""
	for i, k := range keys {
		if i > 0 {
			said += " "
		}
		said += shell[n][k]
	}
	return said
}

// In returns the sentence of k in the language with the index n in Languages().
func In(n int, k Key) string { return all[n].texts[k] }

// Translations passes every sentence that has no plural forms to the function each, and the sentences that say how long
// messages live: they live as long as the parameter life says. first is the sentence in the first language of Languages().
// nth is the same sentence in the language with the index n. Translations also passes WrongPlace and TopOfHost joined into
// one text, because the page shows the two sentences as one text.
func Translations(n int, life time.Duration, each func(first, nth string)) {
	for k := range shellKeys {
		each(shell[0][k], shell[n][k])
	}
	each(Shell(0, WrongPlace, TopOfHost), Shell(n, WrongPlace, TopOfHost))
	for k := range keys {
		each(all[0].texts[k], all[n].texts[k])
	}
	each(all[0].brief(life), all[n].brief(life))
	for _, k := range []Key{LifeInRoom, EmptyRoom} {
		each(fill(all[0].texts[k], []string{all[0].lifetime(life)}), fill(all[n].texts[k], []string{all[n].lifetime(life)}))
	}
}
