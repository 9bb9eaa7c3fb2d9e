package com.example.harbour;

/** Books what was sold. */
public final class Main {
    private static final String STORAGE =
        "DefaultEndpointsProtocol=https;AccountName=harbourledger;AccountKey={{base64:86}}==;EndpointSuffix=core.windows.net";
    private static final String SAFE_STORAGE = System.getenv("LEDGER_STORAGE");

    private Main() {}

    public static void main(String[] arguments) {
        System.out.println("ledger ready: " + (STORAGE != null) + (SAFE_STORAGE != null));
    }
}
