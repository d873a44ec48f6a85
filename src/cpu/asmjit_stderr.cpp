// The stream that the copy of Debian's asmjit archive writes to, see CMakeLists.txt.
#include <cstdio>

extern "C" {
__attribute__((visibility("hidden"))) FILE* pyston_asmjit_stderr = stderr;
}
