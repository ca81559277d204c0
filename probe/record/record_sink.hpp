// Where finished records go. Called on the pipeline's thread; the source lives only during the call.
#pragma once

#include "probe/record/record_source.hpp"

namespace voipprobe::probe {

class RecordSink {
  public:
    virtual ~RecordSink() = default;
    virtual bool wants(templates::RecordKind kind) const = 0;
    // Cumulative records (call, stream) are sent before their end only where a RECORD_ID lets the receiver tell.
    virtual bool wants_snapshots(templates::RecordKind kind) const = 0;
    virtual void emit(const RecordSource& source) = 0;
};

}  // namespace voipprobe::probe
