// Declares every helper, pyston::rt::Name, with the C signature that its row in runtime/helpers.def
// spells. A definition that disagrees is another overload, so that taking the address fails to
// compile; a missing one fails to link (hidden visibility).
#pragma once

#include "cpython/v3_11/helpers_support.h"

#include <array>
#include <cstddef>

namespace pyston::rt {

namespace signature {

template<size_t N> struct Text {
    char chars[N];
    consteval Text(const char (&text)[N]) {
        for (size_t i = 0; i < N; i++) {
            chars[i] = text[i];
        }
    }
};

template<typename... T> struct Pack {};

// The C parameters for one character of a row's Args.
template<char c> struct Parameters { using Type = Pack<PyObject*>; };
template<> struct Parameters<'T'> { using Type = Pack<PyThreadState*>; };
template<> struct Parameters<'F'> { using Type = Pack<_PyInterpreterFrame*>; };
template<> struct Parameters<'$'> { using Type = Pack<int64_t>; };
template<> struct Parameters<'i'> { using Type = Pack<int64_t>; };
template<> struct Parameters<'b'> { using Type = Pack<int64_t>; };
template<> struct Parameters<'d'> { using Type = Pack<double>; };
template<> struct Parameters<'*'> { using Type = Pack<PyObject**, int64_t>; };
template<> struct Parameters<'P'> { using Type = Pack<PyObject**, int64_t>; };

template<runtime::HelperResult result> struct Result { using Type = int64_t; };
template<> struct Result<runtime::HelperResult::kObject> { using Type = PyObject*; };
template<> struct Result<runtime::HelperResult::kNullable> { using Type = PyObject*; };
template<> struct Result<runtime::HelperResult::kDouble> { using Type = double; };
template<> struct Result<runtime::HelperResult::kVoid> { using Type = void; };

template<Text args, size_t i, typename R, typename... Before> auto build(Pack<Before...>) {
    if constexpr (args.chars[i] == 0) {
        return static_cast<R (*)(Before...)>(nullptr);
    } else {
        auto append = []<typename... More>(Pack<More...>) {
            return build<args, i + 1, R>(Pack<Before..., More...>{});
        };
        return append(typename Parameters<args.chars[i]>::Type{});
    }
}

template<Text args, runtime::HelperResult result>
using Function =
    std::remove_pointer_t<decltype(build<args, 0, typename Result<result>::Type>(Pack<>{}))>;

} // namespace signature

#pragma GCC visibility push(hidden)
#define HELPER(name, args, result, effects, doc)                                                   \
    signature::Function<args, runtime::HelperResult::k##result> name;
#include "runtime/helpers.def"
#undef HELPER
#pragma GCC visibility pop

} // namespace pyston::rt
