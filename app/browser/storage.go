package browser

// Storage stores strings. TabStorage belongs to one tab and survives reloads. All tabs share DeviceStorage, which
// survives until the browser or the user deletes it. The methods fail where the browser denies storage (blocked
// cookies, a sandbox), or if the storage is full.
type Storage struct{ area area }
