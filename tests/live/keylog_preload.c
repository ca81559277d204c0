// LD_PRELOADed into a program that uses OpenSSL: appends the secrets of its TLS sessions to $SSLKEYLOGFILE, in the format
// of browsers (NSS key log). For tests with agents that cannot do it themselves.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct ssl_st SSL;
typedef struct ssl_ctx_st SSL_CTX;
typedef struct ssl_method_st SSL_METHOD;

static void write_line(const SSL* ssl, const char* line) {
    (void)ssl;
    const char* path = getenv("SSLKEYLOGFILE");
    FILE* file = path == NULL ? NULL : fopen(path, "a");
    if (file == NULL) return;
    fprintf(file, "%s\n", line);
    fclose(file);
}

SSL_CTX* SSL_CTX_new(const SSL_METHOD* method) {
    SSL_CTX* (*make)(const SSL_METHOD*) = (SSL_CTX * (*)(const SSL_METHOD*)) dlsym(RTLD_NEXT, "SSL_CTX_new");
    void (*set)(SSL_CTX*, void (*)(const SSL*, const char*)) =
        (void (*)(SSL_CTX*, void (*)(const SSL*, const char*)))dlsym(RTLD_NEXT, "SSL_CTX_set_keylog_callback");
    SSL_CTX* context = make == NULL ? NULL : make(method);
    if (context != NULL && set != NULL) set(context, write_line);
    return context;
}
