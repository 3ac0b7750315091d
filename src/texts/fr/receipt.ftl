# receipt
