// Bytecode as the graph builder sees it: one instruction set, whatever the CPython version. The
// interpreter layer translates: prefixes (EXTENDED_ARG, KW_NAMES, PRECALL) are folded into the
// instruction they belong to, specialized forms into their base form plus feedback.
#pragma once

#include "support/fwd.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pyston::build {

enum class Op : uint8_t {
#define BYTECODE(name) k##name,
#include "build/bytecodes.def"
#undef BYTECODE
};
std::string_view name(Op op);

// What the interpreter's inline cache says about a site.
struct Feedback {
    enum class Kind : uint8_t {
        kNone,     // not yet specialized
        kNeverRan, // not since the code is warm
        kGeneric,  // ran, and the interpreter found nothing to specialize
        // BinaryOp, CompareOp
        kIntInt,
        kFloatFloat,
        kStrStr,
        // BinarySubscr, StoreSubscr
        kListInt,
        kTupleInt,
        kDict,
        kGetItemFunction,
        // LoadAttr, StoreAttr, LoadMethod
        kInstanceValue,    // typeVersion, index: inline values
        kSlot,             // typeVersion, index: byte offset of a __slots__ member
        kModule,           // keysVersion (of the module's dict), index: entry
        kWithHint,         // typeVersion, index: entry hint in the instance's dict
        kMethodWithValues, // typeVersion, keysVersion (instance must not shadow), object: the
                           // function
        kMethodNoDict,     // typeVersion, object
        kMethodWithDict,   // typeVersion, keysVersion, index: dictoffset, object
        kMethodLazyDict,   // typeVersion, object: managed dict still absent
        kMethodClass,      // typeVersion of the class object itself (v is a class), object
        // LoadGlobal
        kGlobalModule,  // keysVersion, index
        kGlobalBuiltin, // keysVersion (globals), keysVersion2 (builtins), index
        // Call (with its PRECALL)
        kPyExactArgs,
        kPyWithDefaults,
        kBoundMethod,
        kPyFunction,
        kBuiltinClass,
        kBuiltinO,
        kBuiltinFast,
        kBuiltinFastKeywords,
        kLen,
        kIsInstance,
        kListAppend,
        kMethodDescrO,
        kMethodDescrNoArgs,
        kMethodDescrFast,
        kMethodDescrFastKeywords,
        kType1,
        kStr1,
        kTuple1,
        // UnpackSequence
        kTwoTuple,
        kTuple,
        kList,
        kBool, // ToBool sites
    };
    Kind kind = Kind::kNone;
    uint32_t typeVersion = 0;
    uint32_t keysVersion = 0;
    uint32_t keysVersion2 = 0;
    int64_t index = 0;
    Object* object = nullptr; // borrowed; alive as long as typeVersion is current
};

struct Instr {
    Op op{};
    int offset = 0;       // byte offset of the instruction proper (what f_lasti shows)
    int resumeOffset = 0; // byte offset of its first prefix: where the interpreter can start it
    int nextOffset = 0;   // byte offset of the following instruction, caches skipped
    int arg = 0;
    int target = -1;           // byte offset of a jump's target
    int line = 0;              // as a traceback shows it; 0: none
    Object* kwnames = nullptr; // Call: tuple of keyword names, or null (borrowed from co_consts)
    Feedback feedback;
};

// An exception table entry; offsets in bytes, end exclusive.
struct Handler {
    int start, end, target, depth;
    bool pushLasti;
};

// A decoded code object. Pointers are borrowed from it.
struct Bytecode {
    Object* code = nullptr;
    std::string name; // qualified
    std::vector<Instr> instrs;
    std::vector<Handler> handlers;
    std::vector<Object*> consts;
    std::vector<Object*> names;
    std::vector<uint8_t> slotKinds; // per localsplus: bit 0x20 local, 0x40 cell, 0x80 free
    int numSlots = 0, numLocals = 0, stackSize = 0;
    int argCount = 0;              // co_argcount: positional parameters
    int kwOnlyCount = -1;          // co_kwonlyargcount; -1: not known
    int flags = 0;                 // CO_*
    int indexOf(int offset) const; // index of the instruction whose resumeOffset or offset is this
};

} // namespace pyston::build
