// The names of other libraries, for the linker: a program with these is linked, and never run.
#include <openssl/evp.h>

#include <cstdlib>

#include "core_foundation.h"

extern "C" {

CFTimeZoneRef CFTimeZoneCopyDefault() { std::abort(); }
CFStringRef CFTimeZoneGetName(CFTimeZoneRef) { std::abort(); }
CFIndex CFStringGetLength(CFStringRef) { std::abort(); }
CFIndex CFStringGetMaximumSizeForEncoding(CFIndex, CFStringEncoding) { std::abort(); }
Boolean CFStringGetCString(CFStringRef, char*, CFIndex, CFStringEncoding) { std::abort(); }
void CFRelease(CFTypeRef) { std::abort(); }

EVP_MD_CTX* EVP_MD_CTX_new() { std::abort(); }
void EVP_MD_CTX_free(EVP_MD_CTX*) { std::abort(); }
const EVP_MD* EVP_sha256() { std::abort(); }
int EVP_DigestInit_ex(EVP_MD_CTX*, const EVP_MD*, ENGINE*) { std::abort(); }
int EVP_DigestUpdate(EVP_MD_CTX*, const void*, size_t) { std::abort(); }
int EVP_DigestFinal_ex(EVP_MD_CTX*, unsigned char*, unsigned*) { std::abort(); }
}
