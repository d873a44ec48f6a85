// bin/pyston: runs the stock interpreter, with the preload library (preload.c) in it.
//
// Executing the stock binary itself keeps everything that can be seen of it: options, start-up,
// speed, /proc/self/exe, sys.prefix. argv is passed on as it is, so sys.executable is bin/pyston,
// and children that a program starts come through here again. Statically linked: its own start
// costs 0.3 ms.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "launcher.h"

static const char kPreloadInVenv[] = "/lib/python3.11/site-packages/pyston/_preload.so";

static int startsWith(const char* text, const char* prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

// Whether the interpreter will find the environment, or a ._pth file in its stead, from argv[0]
// alone, as it does for bin/python.
static int findsEnvironment(const char* argv0) {
    const char* slash = strrchr(argv0, '/');
    if (!slash) {
        return 0;
    }
    char path[PATH_MAX];
    int length = snprintf(path, sizeof path, "%.*s/../pyvenv.cfg", (int)(slash - argv0), argv0);
    if (length < (int)sizeof path && access(path, R_OK) == 0) {
        return 1;
    }
    length = snprintf(path, sizeof path, "%s._pth", argv0);
    return length < (int)sizeof path && access(path, R_OK) == 0;
}

// LD_PRELOAD has no way to quote a blank or a colon; such a path is handed over as a descriptor,
// which preload.c closes.
static int preloadPath(const char* library, char* out, size_t size, int* descriptor) {
    *descriptor = -1;
    if (!strpbrk(library, " :")) {
        return snprintf(out, size, "%s", library) < (int)size;
    }
    *descriptor = open(library, O_RDONLY);
    return *descriptor >= 0 && snprintf(out, size, "/proc/self/fd/%d", *descriptor) < (int)size;
}

int main(int argc, char** argv, char** envp) {
    (void)argc;
    const char* off = getenv("DISABLE_PYSTON");
    int disabled = off && *off && strcmp(off, "0") != 0;

    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    char* slash = NULL;
    if (length > 0) {
        self[length] = '\0';
        slash = strrchr(self, '/');
    }
    if (!slash) {
        fprintf(stderr, "pyston: cannot find its own path: %s\n", strerror(errno));
        return 127;
    }
    char environment[PATH_MAX]; // bin/..
    snprintf(environment, sizeof environment, "%.*s", (int)(slash - self), self);
    slash = strrchr(environment, '/');
    if (slash) {
        *slash = '\0';
    }

    char library[PATH_MAX + sizeof kPreloadInVenv];
    snprintf(library, sizeof library, "%s%s", environment, kPreloadInVenv);
    char preload[PATH_MAX + sizeof kPreloadInVenv];
    int descriptor = -1;
    if (disabled || access(library, R_OK) != 0 ||
        !preloadPath(library, preload, sizeof preload, &descriptor)) {
        if (!disabled) {
            fprintf(stderr, "pyston: warning: %s is missing; running uncompiled\n", library);
        }
        execv(PYSTON_PYTHON, argv);
        fprintf(stderr, "pyston: cannot run " PYSTON_PYTHON ": %s\n", strerror(errno));
        return 127;
    }

    // The two variables come last, so that os.environ keeps its order once preload.c took them
    // away.
    size_t count = 0;
    while (envp[count]) {
        ++count;
    }
    char** environ = calloc(count + 3, sizeof(char*));
    static char preloadVariable[2 * PATH_MAX + 64];
    static char handover[4 * PATH_MAX];
    if (!environ) {
        return 127;
    }
    const char* users = getenv("LD_PRELOAD");
    size_t out = 0;
    for (size_t i = 0; i < count; ++i) {
        if (!startsWith(envp[i], "LD_PRELOAD=") && !startsWith(envp[i], PYSTON_HANDOVER "=")) {
            environ[out++] = envp[i];
        } else if (startsWith(envp[i], "LD_PRELOAD=")) {
            environ[out++] = preloadVariable;
        }
    }
    // The user's own libraries stay first: a sanitizer's runtime must be.
    if (users && strlen(users) < PATH_MAX) {
        snprintf(preloadVariable, sizeof preloadVariable, "LD_PRELOAD=%s%s%s", users,
                 *users ? ":" : "", preload);
    } else {
        snprintf(preloadVariable, sizeof preloadVariable, "LD_PRELOAD=%s", preload);
        environ[out++] = preloadVariable;
    }
    // What was LD_PRELOAD ('=': set, '-': not), the descriptor, the executable to claim ('':
    // argv[0] says it), the library.
    snprintf(handover, sizeof handover, PYSTON_HANDOVER "=%c%d\n%s\n%s\n%s", users ? '=' : '-',
             descriptor, findsEnvironment(argv[0]) ? "" : self, library, users ? users : "");
    environ[out++] = handover;
    environ[out] = NULL;

    execve(PYSTON_PYTHON, argv, environ);
    fprintf(stderr, "pyston: cannot run " PYSTON_PYTHON ": %s\n", strerror(errno));
    return 127;
}
