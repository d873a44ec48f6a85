// Runs passes over a function in text form (docs/hir.md), for tests and for looking at them.
//
//   pyston-opt [--passes=simplify,cse | --passes=all | --passes=] [--no-verify] [--time] [file]
//
// Constant objects have made-up values: 0x10000 + n is the int n (n below 0x8000, else n -
// 0x10000), 0x20000 + n the float n / 2, 0x30 False, 0x31 True, 0x32 None.
#include "hir/hir.h"
#include "passes/constants.h"
#include "passes/passes.h"
#include "passes/run.h"

#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>

namespace {

using namespace pyston;

std::optional<int64_t> testInt(Object* object) {
    auto n = reinterpret_cast<uintptr_t>(object);
    if (n < 0x10000 || n > 0x1ffff) {
        return std::nullopt;
    }
    return static_cast<int16_t>(n - 0x10000);
}

Object* testZero(hir::ExactClass c) {
    const uintptr_t address = c == hir::ExactClass::kInt     ? 0x10000
                              : c == hir::ExactClass::kFloat ? 0x20000
                                                             : 0;
    return reinterpret_cast<Object*>(address);
}

std::optional<double> testFloat(Object* object) {
    auto n = reinterpret_cast<uintptr_t>(object);
    if (n < 0x20000 || n > 0x2ffff) {
        return std::nullopt;
    }
    return static_cast<double>(n - 0x20000) / 2;
}

struct Options {
    std::string passes = "all";
    std::string file;
    bool verify = true;
    bool time = false;
};

int usage() {
    std::cerr << "usage: pyston-opt [--passes=NAME,...|all] [--no-verify] [--time] [file]\npasses:";
    for (const passes::Pass& pass : passes::pipeline()) {
        std::cerr << ' ' << pass.name;
    }
    std::cerr << '\n';
    return 2;
}

const passes::Pass* findPass(std::string_view name) {
    for (const passes::Pass& pass : passes::pipeline()) {
        if (pass.name == name) {
            return &pass;
        }
    }
    return nullptr;
}

// The passes asked for, in order; false when there is no such pass.
bool choosePasses(const std::string& names, std::vector<passes::Pass>* out) {
    if (names == "all") {
        *out = passes::pipeline();
        return true;
    }
    std::istringstream list(names);
    for (std::string name; std::getline(list, name, ',');) {
        const passes::Pass* pass = findPass(name);
        if (!pass) {
            std::cerr << "pyston-opt: no pass '" << name << "'\n";
            return false;
        }
        out->push_back(*pass);
    }
    return true;
}

int run(const Options& options, const std::string& text) {
    std::vector<passes::Pass> chosen;
    if (!choosePasses(options.passes, &chosen)) {
        return 2;
    }
    std::string error;
    std::unique_ptr<hir::Function> fn = hir::parse(text, &error);
    if (!fn) {
        std::cerr << error << '\n';
        return 1;
    }
    fn->orderBlocks();
    if (options.verify) {
        error = hir::verify(*fn);
        if (!error.empty()) {
            std::cerr << "input: " << error << '\n';
            return 1;
        }
    }
    for (const passes::Pass& pass : chosen) {
        passes::PassReport report = passes::runPass(pass, *fn, options.verify);
        if (!report.violation.empty()) {
            std::cerr << "after " << report.name << ": " << report.violation << '\n'
                      << hir::print(*fn);
            return 1;
        }
        if (options.time) {
            std::fprintf(stderr, "%-20s %8.1f us\n", std::string(report.name).c_str(),
                         report.microseconds);
        }
    }
    std::cout << hir::print(*fn);
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    passes::setConstantValues({.intValue = testInt,
                               .floatValue = testFloat,
                               .zeroOf = testZero,
                               .trueObject = reinterpret_cast<Object*>(uintptr_t{0x31}),
                               .falseObject = reinterpret_cast<Object*>(uintptr_t{0x30}),
                               .none = reinterpret_cast<Object*>(uintptr_t{0x32})});
    Options options;
    for (int i = 1; i < argc; i++) {
        std::string_view arg = argv[i];
        if (arg.starts_with("--passes=")) {
            options.passes = arg.substr(9);
        } else if (arg == "--no-verify") {
            options.verify = false;
        } else if (arg == "--time") {
            options.time = true;
        } else if (arg.starts_with("--") || !options.file.empty()) {
            return usage();
        } else {
            options.file = arg;
        }
    }
    std::string text;
    if (options.file.empty() || options.file == "-") {
        text.assign(std::istreambuf_iterator<char>(std::cin), {});
    } else {
        std::ifstream in(options.file);
        if (!in) {
            std::cerr << "pyston-opt: cannot read " << options.file << '\n';
            return 2;
        }
        text.assign(std::istreambuf_iterator<char>(in), {});
    }
    return run(options, text);
}
