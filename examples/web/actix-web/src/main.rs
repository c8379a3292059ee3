//! cargo run -p aiocache-example-actix-web (in examples/web)
//!
//! A shop behind actix-web: `GET`, `PUT` and `DELETE /products/{id}`, and `GET /statistics`. `PORT` chooses the port.

use std::net::Ipv4Addr;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::{ErrorBadRequest, ErrorInternalServerError, ErrorNotFound};
use actix_web::http::header::{CACHE_CONTROL, HeaderName, HeaderValue};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, Data, Json, Path, PathConfig};
use actix_web::{App, Error, HttpResponse, HttpServer, Result};
use shop::{Database, Price, Product};

const X_CACHE: HeaderName = HeaderName::from_static("x-cache");

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port = std::env::var("PORT").map_or(Ok(3000), |port| port.parse())?;
    // One database and one cache for all workers, though each has a runtime of its own.
    let database = Data::new(Database::open().await?);
    let app = move || {
        let products = web::resource("/products/{id}")
            .route(web::get().to(product).wrap(from_fn(cache_headers)))
            .route(web::put().to(set_price))
            .route(web::delete().to(remove));
        App::new()
            .app_data(database.clone())
            // A path that does not parse is a 404 unless told otherwise.
            .app_data(PathConfig::default().error_handler(|error, _| ErrorBadRequest(error)))
            .service(products)
            .service(web::resource("/statistics").route(web::get().to(statistics)))
    };

    // It ends with ctrl-c by itself.
    let server = HttpServer::new(app).bind((Ipv4Addr::LOCALHOST, port))?;
    for address in server.addrs() {
        println!("http://{address}");
    }
    Ok(server.run().await?)
}

/// Obeys `Cache-Control: no-cache`, and answers with `X-Cache`: around a handler, which need not know of it.
async fn cache_headers(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>> {
    let asked = request.headers().get(CACHE_CONTROL);
    let no_cache = shop::asks_for_no_cache(asked.and_then(|value| value.to_str().ok()));
    let (response, x_cache) = shop::answer(no_cache, next.call(request)).await;
    let mut response = response?;
    if let Some(x_cache) = x_cache {
        response
            .headers_mut()
            .insert(X_CACHE, HeaderValue::from_static(x_cache));
    }
    Ok(response)
}

async fn product(database: Data<Database>, id: Path<i64>) -> Result<Json<Product>> {
    found(shop::product(&database, *id).await)
}

async fn set_price(database: Data<Database>, id: Path<i64>, price: Json<Price>) -> Result<Json<Product>> {
    found(shop::set_price(&database, *id, *price).await)
}

async fn remove(database: Data<Database>, id: Path<i64>) -> Result<HttpResponse> {
    let removed = shop::remove(&database, *id).await;
    if removed.map_err(|error| failed(&error))? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(ErrorNotFound("no such product"))
    }
}

async fn statistics(database: Data<Database>) -> String {
    shop::statistics(&database)
}

fn found(answer: Result<Option<Product>, shop::Error>) -> Result<Json<Product>> {
    let row = answer.map_err(|error| failed(&error))?;
    row.map(Json).ok_or_else(|| ErrorNotFound("no such product"))
}

/// The log gets the reason, and the client does not.
fn failed(error: &shop::Error) -> Error {
    eprintln!("the database: {error}");
    ErrorInternalServerError("")
}
