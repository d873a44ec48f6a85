// libFuzzer over HIR text: bytes are mutated as text, or as the function that the text describes.
#include "compile_text.h"
#include "mutate_hir.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t maxSize);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const auto verdict = pyston::test::compileHirText({reinterpret_cast<const char*>(data), size});
    if (verdict.kind == pyston::test::Verdict::kBroken) {
        std::fprintf(stderr, "broken: %s\n", verdict.message.c_str());
        std::abort();
    }
    // Text that is no function teaches only the parser.
    return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t maxSize,
                                          unsigned seed) {
    if (seed % 10 == 0)
        return LLVMFuzzerMutate(data, size, maxSize);
    const std::string made =
        pyston::fuzz::mutateHir({reinterpret_cast<const char*>(data), size}, seed);
    if (made.size() > maxSize)
        return size;
    std::memcpy(data, made.data(), made.size());
    return made.size();
}
