// libFuzzer over LIR text. A table of words (lir.dict) helps the mutations of bytes.
#include "compile_text.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const auto verdict = pyston::test::compileLirText({reinterpret_cast<const char*>(data), size});
    if (verdict.kind == pyston::test::Verdict::kBroken) {
        std::fprintf(stderr, "broken: %s\n", verdict.message.c_str());
        std::abort();
    }
    return 0;
}
