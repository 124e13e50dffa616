// What Abseil asks of macOS that is no part of its C library, as its documents declare it.
#pragma once

extern "C" {

typedef const struct __CFTimeZone* CFTimeZoneRef;
typedef const struct __CFString* CFStringRef;
typedef const void* CFTypeRef;
typedef unsigned CFStringEncoding;
typedef long CFIndex;
typedef unsigned char Boolean;

CFTimeZoneRef CFTimeZoneCopyDefault();
CFStringRef CFTimeZoneGetName(CFTimeZoneRef zone);
CFIndex CFStringGetLength(CFStringRef text);
CFIndex CFStringGetMaximumSizeForEncoding(CFIndex length, CFStringEncoding encoding);
Boolean CFStringGetCString(CFStringRef text, char* buffer, CFIndex size, CFStringEncoding encoding);
void CFRelease(CFTypeRef object);
}
