// The compiler's way from a text to machine code for both CPUs, checked at every step: what the
// fuzzers (tests/fuzz_ir) run, and a unit test over the inputs that they found.
//
// The contract: a parser makes of any text a function or an error with its line; what the verifier
// accepts goes through all that follows.
#pragma once

#include <string>
#include <string_view>

namespace pyston::test {

struct Verdict {
    enum Kind {
        kNotParsed, // the parser's error
        kRejected,  // the verifier's
        kTooLarge,  // parsed, but not worth the time
        kCompiled,
        kBroken, // the contract does not hold
    };
    Kind kind = kCompiled;
    std::string message;
};

Verdict compileHirText(std::string_view text);
Verdict compileLirText(std::string_view text);

} // namespace pyston::test
