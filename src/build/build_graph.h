// Bytecode to HIR by abstract interpretation of the value stack.
#pragma once

#include "build/bytecode.h"
#include "cpython/api.h"
#include "hir/hir.h"
#include "runtime/code_data.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pyston::build {

// What the builder asks about objects: the host's answers (cpython/api.h, same names), or a test's.
// A null function means that nothing is known.
struct Facts {
    Object* none = nullptr;
    Object* notImplemented = nullptr;
    Object* globals = nullptr;  // of the frames that will run the code, null when not known
    Object* builtins = nullptr; // their builtins dict
    hir::ExactClass (*exactClassOf)(Object*) = nullptr;
    Object* (*classObject)(hir::ExactClass) = nullptr;
    int64_t classOffset = 0; // where an object has its class, in bytes
    std::optional<int64_t> (*intValue)(Object*) = nullptr;
    std::optional<double> (*floatValue)(Object*) = nullptr;
    host::DictEntry (*dictEntry)(Object* dict, uint32_t keysVersion, int64_t index) = nullptr;
    host::DictKey (*dictKey)(Object* dict, Object* name) = nullptr;
    host::ModuleInfo (*moduleInfo)(Object* module) = nullptr;
    bool (*isStableGlobal)(Object*) = nullptr;
    bool (*isHeldWeakly)(Object*) = nullptr;
    Object* (*zeroOf)(hir::ExactClass) = nullptr;
    Object* (*functionCode)(Object*) = nullptr;
    host::CodeInfo (*codeInfo)(Object* code) = nullptr;
    runtime::CodeData* (*codeData)(Object* code, bool create) = nullptr;
    host::CallBinding (*bindCall)(Object* function, int64_t count, Object* kwnames) = nullptr;
    Object* (*functionGlobals)(Object* function) = nullptr;
    Object* (*functionBuiltins)(Object* function) = nullptr;
    int64_t globalsOffset = 0; // where a function has them, in bytes
    int64_t builtinsOffset = 0;
    Bytecode (*decode)(Object* code) = nullptr;
    bool (*isWarm)(const runtime::CodeData*) = nullptr; // worth being built into callers
    host::BuiltinInfo (*builtinInfo)(Object*) = nullptr;
    host::AttributeAccess (*attributeLoad)(uint32_t typeVersion, Object* name) = nullptr;
    host::AttributeAccess (*attributeStore)(uint32_t typeVersion, Object* name) = nullptr;
    Object* (*subscriptFunction)(uint32_t typeVersion, bool stores) = nullptr;
    Object* (*operatorFunction)(uint32_t typeVersion, int oparg) = nullptr;
    Object* (*comparisonFunction)(uint32_t typeVersion, int oparg) = nullptr;
    host::ClassAttribute (*classAttribute)(Object* type, Object* name) = nullptr;
    host::Constructor (*constructor)(Object* type) = nullptr;
    host::KnownBuiltin (*knownBuiltin)(Object*) = nullptr;
    uint64_t (*mathFunction)(Object*) = nullptr;
};

struct BuildRequest {
    const Bytecode* bytecode = nullptr;
    runtime::CodeData* profile = nullptr; // may be null
    // Where probes count, see runtime::SiteProfile; null: none are wanted.
    runtime::CodeData* probes = nullptr;
    int32_t probeAfter = 0; // what they count from
    Facts facts;
    bool functionEntry = true;
    bool leavesCold = false;       // paths that never ran are not compiled: they leave
    std::vector<int> entryOffsets; // further entries (loop headers, resume points), byte offsets
};

// Returns null and sets `failure` when the code object cannot be compiled.
std::unique_ptr<hir::Function> buildGraph(const BuildRequest& request, std::string* failure);

} // namespace pyston::build
