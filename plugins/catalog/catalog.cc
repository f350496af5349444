// SPDX-License-Identifier: Apache-2.0
#include "catalog.h"

namespace catalog {

mh::Status Catalog::Configure(const mh::Settings& settings) {
  mh::Status status = mh::ReadConfig(settings, config_);
  if (!status.ok()) return status;
  return store_.Open(config_.database, static_cast<int>(config_.busy_timeout.count()));
}

void Catalog::Register(mh::Registry& registry) {
  operations_ = mh::Counter(registry, "catalog_operations_total", "Operations on items.",
                            {"operation", "outcome"});
  watchers_ = mh::Gauge(registry, "catalog_watchers", "Streams that follow changes.").One();

  mh::GrpcDescriptors(registry, mh::descriptors());
  mh::GrpcService(registry, "catalog.v1.Catalog", this)
      .Method("Create", &Catalog::Create)
      .Method("Get", &Catalog::Get)
      .Method("Update", &Catalog::Update)
      .Method("Delete", &Catalog::Delete)
      .Method("Import", &Catalog::Import)
      .Method("List", &Catalog::List)
      .Method("Watch", &Catalog::Watch)
      .Method("Sync", &Catalog::Sync);
  mh::HttpRoutes(registry, this)
      .Get("/v1/items", &Catalog::HttpList)
      .Post("/v1/items", &Catalog::HttpCreate)
      .Get("/v1/items/{id}", &Catalog::HttpGet)
      .Put("/v1/items/{id}", &Catalog::HttpPut)
      .Patch("/v1/items/{id}", &Catalog::HttpPatch)
      .Delete("/v1/items/{id}", &Catalog::HttpDelete);
  mh::WebSocketRoutes(registry, this).Route("/v1/items/watch", &Catalog::Feed);
}

mh::Status Catalog::Counted(const char* operation, mh::Status status) {
  operations_.With({operation, status.ok() ? "ok" : "error"}).Add();
  return status;
}

}  // namespace catalog

MESHHOST_MODULE(catalog::Catalog, "catalog", "1.0.0",
                "mh.grpc/1 mh.http/1 mh.ws/1 mh.exec/1 mh.metrics/1");
