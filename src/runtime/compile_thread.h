// Compiling while the program goes on in the interpreter: on a thread of our own, if there is a
// second processor for it.
//
// The thread exists while there is something to compile, and a while longer. fork() waits until it
// has finished what it has begun; the child starts another when it needs one.
#pragma once

#include "compile.h"

#include <memory>
#include <utility>
#include <vector>

namespace pyston::runtime {

enum class CompileWhy : uint8_t;

// A compilation that has begun, and what its end has to know.
struct CompileJob {
    explicit CompileJob(CompileRequest request) : compilation(std::move(request)) {}

    Compilation compilation;
    CompileWhy why{};
    int32_t osrOffset = -1;
    bool coldStart = false;
    bool forCold = false;
};

// All of these with the GIL.

// Is there a processor for it? Then compiling takes little time from the program.
bool compilesBesideProgram();
// May jobs be added? False too while as many wait as should.
bool compileThreadTakesJobs();
// Takes the job over, if it can: it will be finished, and taken by takeFinishedJobs().
bool addCompileJob(std::unique_ptr<CompileJob>& job);
// Those that are finished. `finished` of startCompileThread() is called when there are some.
std::vector<std::unique_ptr<CompileJob>> takeFinishedJobs();
bool hasFinishedJobs(); // quick
// Waits until all have finished.
void finishCompileJobs();
// Gives up what is not installed yet; from here on nothing is added.
void dropCompileJobs();
// The interpreter ends: nothing is compiled there any more.
void stopCompileThread();

} // namespace pyston::runtime
